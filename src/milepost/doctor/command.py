"""The command milepost doctor."""

import json

import click

from milepost.doctor.findings import NOTE, PROBLEM, Block


@click.command("doctor")
@click.argument("paths", nargs=-1, metavar="[PATH::TEST]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--strict", is_flag=True, help="Exit with 1 for notes, too.")
@click.pass_obj
def doctor(
    directory: str | None,
    paths: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 - click's form
    strict: bool,  # noqa: FBT001 - click's form
) -> None:
    """Say what will stand in the way of resuming, before anything is spent.

    No test, fixture or phase is run. Exit code: 0 nothing stops resuming, 1 problems
    were found, 2 nothing could be collected.
    """
    from milepost.doctor.collection import NotCollectedError, collect  # noqa: PLC0415
    from milepost.doctor.printing import block_text, summary  # noqa: PLC0415

    try:
        found = collect(paths, directory)
    except NotCollectedError as error:
        click.echo(str(error), err=True)
        raise SystemExit(2) from None
    tests = [Block.from_dict(each) for each in found.tests]
    blocks = [*tests, Block.from_dict(found.environment)]
    levels = {finding.level for block in blocks for finding in block.findings}
    code = int(PROBLEM in levels or (strict and NOTE in levels))
    if as_json:
        content = {**vars(found), "exit_code": code}
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        for block in blocks:
            click.echo(block_text(block) + "\n")
        click.echo(summary(len(tests), found.silent, blocks))
    raise SystemExit(code)
