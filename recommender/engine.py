"""Placement -> algorithms -> a full shelf with reasons."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms import ALGORITHMS, Algorithm
from recommender.best_first import best_first
from recommender.events import History
from recommender.explain import reasons
from recommender.fold_in import Taste, taste
from recommender.live_model import LiveModel
from recommender.placements import ALGORITHMS_OF, Strategy
from recommender.request import Recommendation, Request, Shelf


def recommend(
    request: Request,
    history: History,
    live: LiveModel,
    algorithms: Mapping[Strategy, Algorithm] = ALGORITHMS,
) -> Shelf:
    """The shelf that answers a request. Pure: it reads its arguments and nothing else."""
    known = taste(history, live)
    eligible = allowed(request, history, live)
    strategies = ALGORITHMS_OF[request.placement]
    found = fill_shelf(request, known, live, eligible, {s: algorithms[s] for s in strategies})
    return Shelf(
        recommendation_id=request.recommendation_id,
        placement=request.placement,
        strategy=found[0].strategy if found else strategies[-1],
        model_version=live.version,
        generated_at=request.at,
        recommendations=found,
        short_reason=_why_short(request, live, len(found)),
    )


def allowed(request: Request, history: History, live: LiveModel) -> NDArray[np.bool_]:
    """(n_products,) what may be on the shelf.

    Not what cannot be bought, what the page looks at or leaves out, what the shopper turned away
    from, and what they bought or rated already (unless asked for).
    """
    eligible = live.available.copy()
    hidden = {*request.exclude, *request.product_ids} | history.turned_away
    if not request.offer_bought_again:
        hidden |= history.bought
    eligible[[row for p in hidden if (row := live.row_of.get(p)) is not None]] = False
    return eligible


def fill_shelf(
    request: Request,
    known: Taste | None,
    live: LiveModel,
    eligible: NDArray[np.bool_],
    algorithms: Mapping[Strategy, Algorithm],
) -> list[Recommendation]:
    """Take from each algorithm in turn until the shelf is full.

    A later algorithm only fills the places the earlier ones left empty, so a shopper nobody
    knows still gets a shelf. Returns fewer than `request.limit` only when nothing more is left
    that may be shown.
    """
    shelf: list[Recommendation] = []
    own = next(iter(algorithms), None)
    for strategy, algorithm in algorithms.items():
        if len(shelf) == request.limit:
            break
        scores = algorithm(request, known, live)
        if scores is None:
            continue
        rows = best_first(scores.values, eligible, request.limit - len(shelf))
        for row, score in zip(rows.tolist(), scores.values[rows].tolist(), strict=True):
            shelf.append(
                Recommendation(
                    product=live.products[row],
                    rank=len(shelf) + 1,
                    score=score,
                    strategy=strategy,
                    is_filler=strategy is not own,
                    reasons=reasons(scores.parts(row)),
                )
            )
        eligible[rows] = False
    return shelf


def _why_short(request: Request, live: LiveModel, found: int) -> str | None:
    if found >= request.limit:
        return None
    if not live.row_of:
        return "The catalogue is empty."
    available = int(live.available.sum())
    return (
        f"{found} of {request.limit}: of {len(live.row_of)} products in the catalogue {available} "
        "can be bought now, less what this shopper bought, rated or turned away from and what the "
        "page shows already."
    )
