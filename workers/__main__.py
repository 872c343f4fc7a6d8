"""python -m workers: the list of commands."""

import json
from typing import Annotated

import typer

from recommender.mongo.connection import open_database
from recommender.settings import Settings
from workers.console import err, out, plain_failures, progress_bars

app = typer.Typer(
    help="Commands that run beside the API.", no_args_is_help=True, add_completion=False
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command()
def retrain(
    as_json: Json = False,
    force: Annotated[
        bool, typer.Option(help="Put the model in service even if it is worse.")
    ] = False,
) -> None:
    """Learn from the events in MongoDB, measure the model, and put it in service."""
    # Loads LightFM, which the other commands do not need.
    from workers.retrain import retrain as run

    with plain_failures():
        settings = Settings.read()
        with open_database(settings) as database, progress_bars() as progress:
            report = run(database, settings, progress, force=force)
    if as_json:
        out.print_json(json.dumps(report.as_dict()))
        return
    if report.metrics:
        out.print(report.table())
    for line in report.verdict:
        out.print(line, highlight=False, markup=False)
    out.print(
        f"Model {report.version}: {report.events:,} events of {report.shoppers:,} shoppers, "
        f"{report.products:,} products; "
        + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in report.seconds.items()),
        highlight=False,
    )
    if report.in_service:
        out.print("[green]It is in service.[/]")
    else:
        err.print("[yellow]It is kept, but not put in service. --force does it all the same.[/]")


@app.command()
def recommend(
    user_id: Annotated[str, typer.Option(help="Who the list is for.")],
    limit: Annotated[int, typer.Option(help="How many products.")] = 10,
    as_json: Json = False,
) -> None:
    """Show what a user would be shown, and why."""
    from workers import recommend as command

    with plain_failures():
        settings = Settings.read()
        with open_database(settings) as database:
            shelf = command.shelf_for(database, settings, user_id, limit)
    if as_json:
        out.print_json(json.dumps(command.as_dict(shelf, user_id)))
    else:
        out.print(command.as_table(shelf, user_id))


if __name__ == "__main__":
    app(prog_name="python -m workers")
