"""A tutorial of a command line: plan, a loop of eighteen runs, gather; in a folder."""

SUITE = 21
FILES = {
    "fep.py": '''
        """Free energies: a command line that writes into the present folder."""

        import json
        from itertools import combinations
        from pathlib import Path

        import click
        from calling import note
        from trouble import trouble


        @click.group()
        def main():
            pass


        @main.command()
        @click.argument("ligands", nargs=-1)
        def plan(ligands):
            note("plan")
            folder = Path("transformations")
            folder.mkdir(exist_ok=True)
            for pair in combinations(ligands, 2):
                for leg in ("complex", "solvent", "vacuum"):
                    path = folder / f"{leg}_{'_'.join(pair)}.json"
                    path.write_text(json.dumps({"leg": leg, "pair": pair}))
            click.echo(f"{len(list(folder.iterdir()))} transformations")


        @main.command()
        @click.argument("transformation", type=Path)
        def quickrun(transformation):
            note(f"quickrun {transformation.stem}")
            trouble(transformation.stem)
            found = json.loads(transformation.read_text())
            estimate = len(found["leg"]) * sum(map(ord, "".join(found["pair"]))) % 97
            Path("results").mkdir(exist_ok=True)
            Path("results", transformation.name).write_text(json.dumps(estimate))
            click.echo(f"dG = {estimate} kcal/mol")


        @main.command()
        def gather():
            note("gather")
            trouble("gather")
            for path in sorted(Path("results").iterdir()):
                click.echo(f"{path.stem} {path.read_text()}")
    ''',
    "test_tutorial.py": """
        import contextlib

        from click.testing import CliRunner
        from fep import main
        from trouble import product


        def openfe(folder, *arguments):
            with contextlib.chdir(folder):
                result = CliRunner().invoke(main, arguments, catch_exceptions=False)
            assert result.exit_code == 0
            return result.output


        def test_run_tyk2(phase):
            folder = phase.directory
            ligands = ["lig_1", "lig_2", "lig_3", "lig_4"]
            planned = phase("plan", openfe, folder, "plan", *ligands)
            assert planned == "18 transformations\\n"
            for path in sorted((folder / "transformations").iterdir()):
                name = f"transformations/{path.name}"
                output = phase(f"quickrun {path.stem}", openfe, folder, "quickrun", name)
                assert output.startswith("dG = ")
            table = phase("gather", openfe, folder, "gather")
            product(table=table.splitlines())
            assert len(table.splitlines()) == 18
    """,
}
PLACES = ["solvent_lig_1_lig_3"]
