"""An evaluation as pictures."""

from pathlib import Path

import numpy as np

from recommender.evaluation.intervals import intervals
from recommender.evaluation.metrics import judge
from recommender.evaluation.segments import judge_segment
from recommender.facts.errors import InvalidInput
from workers.evaluate import ENGINE, Evaluation, View
from workers.plot_style import STYLE

try:
    import matplotlib as mpl

    mpl.use("Agg")  # Before pyplot: a server has no screen.
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator
except ImportError as error:
    raise InvalidInput(
        "--plots", "needs the package matplotlib: pip install 'shop-recommender[plots]'"
    ) from error

MEASURES = {
    "ndcg": "NDCG",
    "recall": "recall",
    "precision": "precision",
    "hit_rate": "hit rate",
}
ENGINE_COLOUR = "#c1272d"
COLOURS = (
    "#9a9a9a",
    "#d1a000",
    "#e2703a",
    "#8e5ea2",
    "#4d8f3a",
    "#0f4c81",
    "#3aa0c9",
    "#8a5a2b",
    "#16807a",
    "#d05c9f",
    "#5566cc",
    "#7a8b1e",
    "#3d3d3d",
)
"""Of the other models, in their order: as different as they can be on white."""
MARKERS = "osD^vPX*<>hp"
DPI = 130


def draw(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write the pictures, and give back where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with plt.style.context(STYLE):
        for view in evaluation.views:
            ending = f"-{view.name.replace(' ', '-')}" if view.name else ""
            what = f"{evaluation.kind} split" + (f", {view.name}" if view.name else "")
            k = evaluation.question.main_cutoff
            for name, figure in (
                ("by-length", _by_length(view, what)),
                ("coverage", _coverage(view, k, what)),
                ("segments", _segments(view, k, what)),
            ):
                if figure is not None:
                    path = folder / f"{evaluation.kind}{ending}-{name}.png"
                    figure.savefig(path, dpi=DPI)
                    plt.close(figure)
                    written.append(path)
    return written


def _colours(view: View) -> dict[str, str]:
    others = [name for name in view.results if name != ENGINE]
    found = {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(others)}
    return {**found, ENGINE: ENGINE_COLOUR}


def _by_length(view: View, what: str) -> Figure:
    """Measures against the length of a list, with bands of 95 % confidence."""
    figure, axes = plt.subplots(2, 2, figsize=(12, 8.6), layout="constrained", sharex=True)
    colours = _colours(view)
    longest = next(iter(view.results.values())).lists.shape[1]
    lengths = list(range(1, longest + 1))
    for n, (name, result) in enumerate(view.results.items()):
        ours = name == ENGINE
        found = judge(result.lists, view.split.truth, 1, lengths).of_shopper
        for axis, measure in zip(axes.flat, MEASURES, strict=True):
            columns = np.column_stack([found[f"{measure}@{k}"] for k in lengths])
            mean, low, high = np.array(intervals(columns)).T
            axis.fill_between(
                lengths, low, high, color=colours[name], alpha=0.18 if ours else 0.07, linewidth=0
            )
            axis.plot(
                lengths,
                mean,
                color=colours[name],
                label=result.title,
                linewidth=2.6 if ours else 1.4,
                marker=MARKERS[n % len(MARKERS)],
                markersize=5,
                markevery=(n % 3, max(longest // 5, 1)),
                zorder=3 if ours else 2,
            )
    for axis, (measure, heading) in zip(axes.flat, MEASURES.items(), strict=True):
        axis.set_title(heading, loc="left", fontweight="bold")
        axis.set_ylim(bottom=0)
        axis.set_xlim(0.7, longest + 0.3)
        axis.set_ylabel("share of shoppers" if measure == "hit_rate" else "mean over shoppers")
    for axis in axes[1]:
        axis.set_xlabel("length of the list, products")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=4))
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", title="with 95 % bands")
    figure.suptitle(f"Accuracy by length of the list: {what}", x=0.01, ha="left", fontsize=14)
    return figure


def _coverage(view: View, k: int, what: str) -> Figure:
    """Coverage against accuracy: up and to the right is better."""
    figure, axis = plt.subplots(figsize=(10, 6.4), layout="constrained")
    colours = _colours(view)
    for n, (name, result) in enumerate(view.results.items()):
        found = result.intervals[f"ndcg@{k}"]
        axis.errorbar(
            100 * result.means[f"coverage@{k}"],
            found.mean,
            yerr=[[found.mean - found.low], [found.high - found.mean]],
            color=colours[name],
            marker=MARKERS[n % len(MARKERS)],
            markersize=11 if name == ENGINE else 8,
            capsize=3,
            linestyle="none",
            label=result.title,
        )
    axis.set_xlim(0, 102)
    axis.set_ylim(bottom=0)
    axis.set_xlabel(f"coverage: share of the catalogue in anybody's list of {k}, %")
    axis.set_ylabel(f"NDCG@{k}, mean over shoppers with 95 % interval")
    figure.legend(loc="outside right upper")
    figure.suptitle(f"Coverage against accuracy: {what}", x=0.01, ha="left", fontsize=14)
    return figure


def _segments(view: View, k: int, what: str) -> Figure | None:
    """Bars for each segment: our engine beside the best of the others."""
    if not view.segments:
        return None
    measure = f"ndcg@{k}"
    names = view.foremost(measure)
    colours = _colours(view)
    height = max(3.2, 0.16 * len(names) * len(view.segments) + 0.25 * len(view.segments) + 1.4)
    figure, axis = plt.subplots(figsize=(11, height), layout="constrained")
    thick = 0.8 / len(names)
    places = np.arange(len(view.segments))
    for n, name in enumerate(names):
        result = view.results[name]
        values = [judge_segment(s, result.lists, k)[measure] for s in view.segments]
        bars = axis.barh(
            places + (n - (len(names) - 1) / 2) * thick,
            values,
            thick,
            color=colours[name],
            label=result.title,
        )
        axis.bar_label(bars, fmt="%.3f", padding=2, fontsize=8)
    _name_segments(axis, view)
    axis.grid(visible=False, axis="y")
    axis.set_xlabel(f"NDCG@{k}, mean over the shoppers of the segment")
    figure.legend(loc="outside lower center", ncols=min(len(names), 3))
    figure.suptitle(f"For whom and for what: {what}", x=0.01, ha="left", fontsize=14)
    return figure


def _name_segments(axis: Axes, view: View) -> None:
    names = [f"{s.kind}: {s.name}\n{len(s.places):,} shoppers" for s in view.segments]
    axis.set_yticks(np.arange(len(names)), names)
    axis.invert_yaxis()
