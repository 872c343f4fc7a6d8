"""An evaluation as tables on a terminal."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recommender.evaluation.intervals import Interval
from recommender.evaluation.metrics import CHARACTER
from recommender.evaluation.segments import judge_segment
from workers.console import out
from workers.evaluate import COMPARED, ENGINE, Evaluation, View

ACCURACY = ("precision", "recall", "f1", "map", "ndcg", "hit_rate", "mrr")
HEADINGS = {"f1": "F1", "map": "MAP", "ndcg": "NDCG", "hit_rate": "hit rate", "mrr": "MRR"}
"""How measures are headed, where not by their name."""
UNITS = {"novelty": "novelty, bits"}
WIDTH = 122
"""What the widest table takes. On something narrower lines wrap, and no figure is cut off."""


def print_tables(evaluation: Evaluation) -> None:
    """What was found out, most important first."""
    console = Console(width=max(out.width, WIDTH))
    for table in tables_of(evaluation):
        console.print(table, soft_wrap=True)
        console.print()


def tables_of(evaluation: Evaluation) -> Iterator[Table]:
    """What was found out, most important first."""
    k = evaluation.question.main_cutoff
    for view in evaluation.views:
        for cutoff in evaluation.question.cutoffs:
            yield _accuracy(view, cutoff, f"{_what(evaluation, view)}, lists of {cutoff}")
        if any(view.differences(f"{COMPARED[0]}@{k}")):
            yield _differences(view, k)
        yield _character(view, k)
        if view.segments:
            yield _segments(view, k)
    if evaluation.rating_errors:
        yield _ratings(evaluation)


def _what(evaluation: Evaluation, view: View) -> str:
    pairs = sum(map(len, view.split.truth))
    repeats = ", repeats included" if evaluation.question.repeats else ""
    return (
        f"{evaluation.kind} split{f', {view.name}' if view.name else ''}{repeats}: "
        f"{len(view.split.shoppers):,} shoppers, {pairs:,} products to find"
    )


def _models(title: str, first: str = "") -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        box=SIMPLE_HEAD,
    )
    table.add_column(first)
    return table


def _accuracy(view: View, k: int, title: str) -> Table:
    table = _models(title)
    for measure in ACCURACY:
        table.add_column(HEADINGS.get(measure, measure), justify="right", no_wrap=True)
        if measure == "ndcg":
            table.add_column("95 % interval", justify="right", no_wrap=True)
    for name, result in view.results.items():
        cells = []
        for measure in ACCURACY:
            spread = result.deviations.get(f"{measure}@{k}")
            more = f" ±{spread:.4f}" if spread is not None and measure == "ndcg" else ""
            cells.append(f"{result.means[f'{measure}@{k}']:.4f}{more}")
            if measure == "ndcg":
                found = result.intervals[f"ndcg@{k}"]
                cells.append(f"{found.low:.4f} to {found.high:.4f}")
        table.add_row(result.title, *cells, style=_style(name))
    if any(result.deviations for result in view.results.values()):
        table.caption = "±: standard deviation over seeds; intervals with the first seed"
    return table


def _differences(view: View, k: int) -> Table:
    table = _models("Our engine less each of the others, with 95 % intervals")
    for measure in COMPARED:
        heading = f"{HEADINGS.get(measure, measure)}@{k}"
        table.add_column(heading, justify="right", no_wrap=True)
    differences = {measure: view.differences(f"{measure}@{k}") for measure in COMPARED}
    for name in differences[COMPARED[0]]:
        cells = [_signed(found[name]) for found in differences.values()]
        table.add_row(f"less {view.results[name].title}", *cells)
    table.caption = "green: better beyond chance; red: worse beyond chance"
    return table


def _signed(found: Interval) -> str:
    text = f"{found.mean:+.4f} ({found.low:+.4f} to {found.high:+.4f})"
    if found.low > 0:
        return f"[green]{text}[/]"
    return f"[red]{text}[/]" if found.high < 0 else text


def _character(view: View, k: int) -> Table:
    table = _models(f"What lists of {k} are like")
    for measure in CHARACTER:
        table.add_column(UNITS.get(measure, measure), justify="right", no_wrap=True)
    for name, result in view.results.items():
        cells = [
            f"{found:.{2 if measure in UNITS else 4}f}" if found is not None else "-"
            for measure in CHARACTER
            for found in [result.means.get(f"{measure}@{k}")]
        ]
        table.add_row(result.title, *cells, style=_style(name))
    table.caption = (
        "Gini: 0 if all products are shown alike. Diversity: 1 if no two products of a list share "
        "an attribute. Serendipity: places with a hit that recent popularity would not have shown."
    )
    return table


def _segments(view: View, k: int) -> Table:
    table = _models(f"NDCG@{k} by segment", "of")
    table.add_column("shoppers", justify="right")
    shown = {name: view.results[name] for name in view.foremost(f"ndcg@{k}")}
    for name, result in shown.items():
        table.add_column(result.title, justify="right", style=_style(name))
    for n, segment in enumerate(view.segments):
        found = [judge_segment(segment, r.lists, k)[f"ndcg@{k}"] for r in shown.values()]
        following = view.segments[n + 1 : n + 2]
        table.add_row(
            escape(f"{segment.kind}: {segment.name}"),
            f"{len(segment.places):,}",
            *(f"{value:.4f}" for value in found),
            end_section=bool(following) and following[0].kind != segment.kind,
        )
    return table


def _ratings(evaluation: Evaluation) -> Table:
    table = _models("Held-out ratings, errors in stars")
    errors = evaluation.rating_errors or {}
    columns = list(next(iter(errors.values())))
    for column in columns:
        table.add_column(column.upper() if column in ("rmse", "mae") else column, justify="right")
    for model, values in errors.items():
        cells = [f"{v:,}" if isinstance(v, int) else f"{v:.4f}" for v in values.values()]
        table.add_row(model, *cells)
    return table


def _style(name: str) -> str | None:
    return "bold" if name == ENGINE else None
