"""Placement -> algorithms -> a full shelf with reasons."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from recommender.facts.events import History
from recommender.facts.placements import ALGORITHMS_OF, EXPLORING, OFFERS_BOUGHT, Strategy
from recommender.facts.request import Recommendation, Request, Shelf
from recommender.facts.rules import Rules
from recommender.serving.algorithms import ALGORITHMS, Algorithm
from recommender.serving.choosing import Choice
from recommender.serving.explain import Scores, reasons
from recommender.serving.fold_in import taste
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import Shopper

NO_RULES = Rules()

FEW_SHOPPERS = 5.0
"""Up to this popularity a young product gets the places that are kept for those."""


def recommend(
    request: Request,
    history: History,
    live: LiveModel,
    algorithms: Mapping[Strategy, Algorithm] = ALGORITHMS,
    rules: Rules = NO_RULES,
) -> Shelf:
    """The shelf that answers a request. Pure: it reads its arguments and nothing else."""
    shopper = Shopper(history, taste(history, live))
    strategies = ALGORITHMS_OF[request.placement]
    found = fill_shelf(request, shopper, live, {s: algorithms[s] for s in strategies}, rules)
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
    shopper: Shopper,
    live: LiveModel,
    algorithms: Mapping[Strategy, Algorithm],
    rules: Rules = NO_RULES,
) -> list[Recommendation]:
    """Take from each algorithm in turn until the shelf is full.

    A later algorithm only fills the places the earlier ones left empty, so a shopper nobody
    knows still gets a shelf; and where a category was asked for, products of others only fill what
    all algorithms left empty. Returns fewer than `request.limit` only when nothing more is left
    that may be shown.
    """
    shelf: list[Recommendation] = []
    own = next(iter(algorithms), None)
    page = [row for p in request.product_ids if (row := live.row_of.get(p)) is not None]
    choice = Choice(live, rules, page, request.diversity)
    scored: dict[Strategy, Scores | None] = {}
    open_to_all = allowed(request, shopper.history, live)
    for inside in (True, False) if request.category is not None else (True,):
        for strategy, algorithm in algorithms.items():
            missing = request.limit - len(shelf)
            if not missing:
                return shelf
            if strategy not in scored:
                scored[strategy] = algorithm(request, shopper, live)
            if (scores := scored[strategy]) is None:
                continue
            if strategy in OFFERS_BOUGHT:
                eligible = allowed(replace(request, offer_bought_again=True), shopper.history, live)
            else:
                eligible = open_to_all.copy()
            eligible[choice.rows] = False
            if request.category is not None and inside:
                eligible &= live.within(request.category)
            if strategy is own and rules.exploration_share and request.placement in EXPLORING:
                rows = _explore(choice, scores, eligible, missing, request, live, rules)
            else:
                rows = choice.take(scores.values, eligible, missing)
            for row, score in zip(rows, scores.values[rows].tolist(), strict=True):
                shelf.append(
                    Recommendation(
                        product=live.products[row],
                        rank=len(shelf) + 1,
                        score=score,
                        strategy=strategy,
                        is_filler=strategy is not own or not inside,
                        reasons=reasons(scores.parts(row)),
                    )
                )
    return shelf


def _explore(
    choice: Choice,
    scores: Scores,
    eligible: NDArray[np.bool_],
    count: int,
    request: Request,
    live: LiveModel,
    rules: Rules,
) -> list[int]:
    """Rows of the best products, with some young ones spread among them, never at the top.

    Young products that are there by their own strength count too.
    """
    kept = int(rules.exploration_share * count + 1e-9)
    since = (request.at - timedelta(days=rules.exploration_days)).timestamp()
    young = (live.created_at > since) & (live.popularity <= FEW_SHOPPERS)
    rows = choice.take(scores.values, eligible, count - kept)
    missing = max(kept - int(young[rows].sum()), 0)
    found = choice.take(scores.values, eligible & young, missing)
    eligible[found] = False
    every = (len(rows) + len(found)) / (len(found) + 1)
    for n, row in enumerate(found):
        rows.insert(max(int(every * (n + 1)), 1), row)
    return rows + choice.take(scores.values, eligible, count - len(rows))


def _why_short(request: Request, live: LiveModel, found: int) -> str | None:
    if found >= request.limit:
        return None
    if not live.row_of:
        return "The catalogue is empty."
    available = int(live.available.sum())
    return (
        f"{found} of {request.limit}: of {len(live.row_of)} products in the catalogue {available} "
        "can be bought now, less what this shopper bought, rated or turned away from, what the "
        "page shows already, variants of one product, and more of a brand or category than the "
        "shop wants on a shelf."
    )
