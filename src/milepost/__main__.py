"""``python -m milepost``: the command line."""

from milepost.cli import main

main(prog_name="milepost")
