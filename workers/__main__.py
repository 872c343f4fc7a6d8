"""python -m workers: the list of commands."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from recommender.evaluation.split_kind import SplitKind
from recommender.mongo.connection import open_database
from recommender.settings import Settings
from workers import keys
from workers.console import err, out, plain_failures, progress_bars

app = typer.Typer(
    help="Commands that run beside the API.", no_args_is_help=True, add_completion=False
)

app.add_typer(keys.app, name="keys")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

Days = Annotated[int, typer.Option(help="How many days; they are measured against as many before.")]
Until = Annotated[
    str | None,
    typer.Option(
        help="The last of them, such as 2026-11-25; that of the newest event if not said."
    ),
]


@app.command()
def retrain(
    as_json: Json = False,
    force: Annotated[
        bool, typer.Option(help="Put the model in service even if it is worse.")
    ] = False,
    tune: Annotated[
        str | None,
        typer.Option(help="Search for better parameters first, for a time such as 90s, 20m, 1h."),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Search until this many trials were made.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the search.")] = 1,
) -> None:
    """Learn from the events in MongoDB, measure the model, and put it in service."""
    # Loads LightFM, which the other commands do not need.
    from workers.retrain import retrain as run
    from workers.tune import Bounds, seconds_of

    with plain_failures():
        settings = Settings.read()
        bounds = None
        if tune or trials:
            bounds = Bounds(seconds_of(tune) if tune else math.inf, trials, seed)
        with open_database(settings) as database, progress_bars() as progress:
            report = run(database, settings, progress, force=force, tuning=bounds)
    if as_json:
        out.print_json(json.dumps(report.as_dict()))
        return
    if report.metrics:
        out.print(report.table())
    for line in report.verdict:
        out.print(line, highlight=False, markup=False)
    out.print(
        f"Model {report.version}: {report.events:,} events of {report.shoppers:,} shoppers, "
        f"{report.products:,} products; parameters: {report.parameters_from}; "
        + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in report.seconds.items()),
        highlight=False,
    )
    if report.in_service:
        out.print("[green]It is in service.[/]")
    else:
        err.print("[yellow]It is kept, but not put in service. --force does it all the same.[/]")


@app.command()
def schedule(
    once: Annotated[
        bool, typer.Option("--once", help="End when nothing waits any more, as for cron.")
    ] = False,
) -> None:
    """Carry out trainings that are asked for over the API, and one every RETRAIN_HOURS."""
    from workers import schedule as command

    with plain_failures():
        settings = Settings.read()
        with open_database(settings) as database:
            command.run(database, settings, once=once)


@app.command()
def evaluate(
    events: Annotated[
        Path | None, typer.Option(help="Events to split: CSV, JSON Lines or Parquet.")
    ] = None,
    train: Annotated[Path | None, typer.Option(help="Events to learn from, with --test.")] = None,
    test: Annotated[Path | None, typer.Option(help="Events to be judged on.")] = None,
    products: Annotated[Path | None, typer.Option(help="The catalogue, for files.")] = None,
    shoppers: Annotated[
        Path | None, typer.Option(help="What the shop says of its shoppers, for files.")
    ] = None,
    split: Annotated[
        SplitKind | None, typer.Option(help="What is held out. By time if nothing is said.")
    ] = None,
    repeats: Annotated[
        bool, typer.Option("--repeats", help="Lists may hold what was bought before.")
    ] = False,
    k: Annotated[str, typer.Option(help="Lengths of lists.")] = "5,10,20",
    models: Annotated[
        str, typer.Option(help="Which to measure, such as engine,ease; all if nothing is said.")
    ] = "",
    seeds: Annotated[int, typer.Option(help="How often to learn what hangs on chance.")] = 1,
    plots: Annotated[Path | None, typer.Option(help="A folder for pictures.")] = None,
    as_json: Json = False,
) -> None:
    """Measure our engine beside baselines, on the shop in MongoDB or on files."""
    from workers import evaluate as command
    from workers.evaluation_files import read_shop
    from workers.evaluation_tables import print_tables

    with plain_failures():
        settings = Settings.read()
        question = command.Question.read(split, k, models, seeds, repeats=repeats)
        files = command.named_files(events, train, test)
        if plots:
            from workers.evaluation_plots import draw
        with progress_bars() as progress:
            if files:
                shop = read_shop(*files, products, shoppers)
            else:
                with open_database(settings) as database:
                    shop = command.read_database(database, progress)
            found = command.evaluate(shop, question, settings, progress)
        drawn = draw(found, plots) if plots else []
    if as_json:
        out.print_json(json.dumps(found.as_dict()))
    else:
        print_tables(found)
    for name, reason in found.left_out.items():
        err.print(f"Left out: {name}, because {reason}.", markup=False, highlight=False)
    took = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found.seconds.items())
    err.print(f"Took: {took}", markup=False, highlight=False)
    for path in drawn:
        err.print(f"Drawn: {path}", markup=False, highlight=False)


@app.command()
def tuning(
    as_json: Json = False,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Write the plot of what matters there, as SVG.")
    ] = None,
) -> None:
    """Show every trial of the latest search for parameters, and what matters."""
    from workers import tune as command

    with plain_failures():
        settings = Settings.read()
        with open_database(settings) as database:
            found = command.shown(database, out_folder)
    if as_json:
        out.print_json(json.dumps(found.as_dict()))
    else:
        out.print(found.table())
    if out_folder and not found.has_plot:
        err.print(command.NO_PLOT)


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


@app.command()
def insights(
    out_folder: Annotated[Path, typer.Option("--out", help="A folder for the files.")],
    format_: Annotated[
        Literal["json", "csv"],
        typer.Option("--format", help="One file of JSON, or a CSV for each table."),
    ] = "json",
    days: Days = 28,
    until: Until = None,
) -> None:
    """Write what the shop's data say, and what recommendations earned."""
    from workers import insights as command

    with plain_failures():
        period = command.Period.read(days, until)
        within, tables = command.run(Settings.read(), period, datetime.now(UTC))
        written = command.write(tables, within, out_folder, format_)
    for path in written:
        out.print(str(path), markup=False, highlight=False, soft_wrap=True)


@app.command()
def report(
    out_file: Annotated[Path, typer.Option("--out", help="The file for the page.")] = Path(
        "report.html"
    ),
    days: Days = 28,
    until: Until = None,
) -> None:
    """Write a page with plots: how the shop and its recommendations are doing."""
    with plain_failures():
        from workers import report as command
        from workers.insights import Period

        made = command.report(Settings.read(), Period.read(days, until), datetime.now(UTC))
        out_file.parent.mkdir(parents=True, exist_ok=True)
        out_file.write_text(made, "utf-8")
    out.print(str(out_file), markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    app(prog_name="python -m workers")
