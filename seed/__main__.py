"""python -m seed: a demo shop in one command, or another shop's data."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from recommender.mongo.connection import open_database
from recommender.settings import Settings
from seed import demo
from seed.importers.online_retail import import_online_retail
from seed.importers.summary import ImportSummary
from seed.importers.tabular import import_tabular
from workers.console import out, plain_failures, progress_bars

app = typer.Typer(
    help="A demo shop, and other shops' data. Without a command: serve.", add_completion=False
)
imports = typer.Typer(help="Import a real shop's data.", no_args_is_help=True)
app.add_typer(imports, name="import")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
_SIZE = demo.DemoSize()


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Without a command: serve."""
    if context.invoked_subcommand is None:
        serve()


@app.command()
def serve() -> None:
    """Seed a demo shop if the database is empty, train if there is no model, and serve."""
    from seed.serve import serve as run

    with plain_failures():
        sys.exit(run(Settings.read()))


@app.command(name="demo")
def seed_demo(
    products: Annotated[int, typer.Option(min=50, help="How many products.")] = _SIZE.products,
    events: Annotated[int, typer.Option(min=100, help="About how many events.")] = _SIZE.events,
    shoppers: Annotated[int, typer.Option(min=10, help="How many shoppers.")] = _SIZE.shoppers,
    days: Annotated[int, typer.Option(min=10, help="How long a history.")] = _SIZE.days,
    seed: Annotated[int, typer.Option(help="Another number makes another shop.")] = _SIZE.seed,
    as_json: Json = False,
) -> None:
    """Generate a demo shop into the database. Safe to run twice."""
    with plain_failures():
        settings = Settings.read()
        size = demo.DemoSize(seed, products, events, shoppers, days)
        with open_database(settings) as database, progress_bars() as progress:
            done = demo.seed_demo(database, settings, size, progress, datetime.now(UTC))
            people = demo.example_shoppers(database)
    if as_json:
        out.print_json(json.dumps(done.as_dict()))
        return
    out.print(
        f"Stored {done.products:,} products and {done.events:,} events; {done.already_there:,} "
        f"were there already. Drew {done.pictures:,} pictures.",
        highlight=False,
    )
    for user_id, about in people:
        out.print(f"Shopper {user_id}: {about}", highlight=False)
    out.print("Next: python -m workers retrain")


@imports.command(name="online-retail")
def online_retail(
    path: Annotated[
        Path, typer.Argument(help="The folder with transactions.parquet, or the .xlsx or .csv.")
    ],
    strict: Annotated[bool, typer.Option(help="Stop at the first bad row.")] = False,
    as_json: Json = False,
) -> None:
    """The UCI Online Retail data set: a British gift shop, December 2010 to December 2011."""
    with plain_failures():
        settings = Settings.read()
        with open_database(settings) as database, progress_bars() as progress:
            summary = import_online_retail(
                path,
                database,
                datetime.now(UTC),
                progress,
                rejects=settings.data_dir / "rejects",
                strict=strict,
            )
    _tell(summary, as_json)


@imports.command()
def tabular(
    products: Annotated[
        Path | None, typer.Option(help="Products: .csv, .tsv, .jsonl or .parquet.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option(help="Events: .csv, .tsv, .jsonl or .parquet.")
    ] = None,
    shoppers: Annotated[
        Path | None,
        typer.Option(help="What the shop says of shoppers: .csv, .tsv, .jsonl or .parquet."),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="OURS=THEIRS, such as product_id=sku or events.product_id=item."
        ),
    ] = None,
    event_type: Annotated[
        str | None, typer.Option(help="For events that do not say their own.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="For prices that do not say their own.")
    ] = None,
    create_products: Annotated[
        bool, typer.Option(help="Make a bare product for an event about an unknown one.")
    ] = False,
    strict: Annotated[bool, typer.Option(help="Stop at the first bad row.")] = False,
    as_json: Json = False,
) -> None:
    """Any shop's CSV, JSON Lines or Parquet."""
    with plain_failures():
        settings = Settings.read()
        with open_database(settings) as database, progress_bars() as progress:
            summary = import_tabular(
                database,
                datetime.now(UTC),
                progress,
                rejects=settings.data_dir / "rejects",
                products=products,
                events=events,
                shoppers=shoppers,
                mapping=mapping or (),
                event_type=event_type,
                currency=currency,
                create_products=create_products,
                strict=strict,
            )
    _tell(summary, as_json)


def _tell(summary: ImportSummary, as_json: bool) -> None:
    if as_json:
        out.print_json(json.dumps(summary.as_dict()))
    else:
        out.print(summary)
        if not summary.empty:
            out.print("Next: python -m workers retrain")


if __name__ == "__main__":
    app(prog_name="python -m seed")
