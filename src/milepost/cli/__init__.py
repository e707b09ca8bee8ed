"""The command line: milepost ls, show, rm, accept, resolve, doctor."""

import io
import sys

import click

from milepost.cli.calls import resolve
from milepost.cli.looking import list_all, show
from milepost.cli.removing import accept, remove
from milepost.doctor.command import doctor


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--dir", "directory", metavar="DIR", help="The folder of the checkpoints.")
@click.version_option(package_name="milepost")
@click.pass_context
def main(context: click.Context, directory: str | None) -> None:
    """Look at the checkpoints of long tests, and remove them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what cannot be shown is no error
            stream.reconfigure(errors="replace")
    context.obj = directory


for _verb in (list_all, show, remove, accept, resolve):
    main.add_command(_verb)
main.add_command(doctor)
