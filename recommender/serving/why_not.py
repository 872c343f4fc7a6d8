"""Why a product is not on a shelf: asked of the very filling that the shelf comes from."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.facts.events import History
from recommender.facts.fates import Fate, WhyNot
from recommender.facts.placements import Strategy
from recommender.facts.request import Request
from recommender.facts.rules import Rules
from recommender.model.trained_model import Floats
from recommender.serving.algorithms import ALGORITHMS, Algorithm
from recommender.serving.engine import NO_RULES, Barred, Filling, Scoring, Wave, fill_page
from recommender.serving.fold_in import taste
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import Shopper


def why_not(
    product_id: str,
    request: Request,
    history: History,
    live: LiveModel,
    algorithms: Mapping[Strategy, Algorithm] = ALGORITHMS,
    rules: Rules = NO_RULES,
    before: Sequence[Request] = (),
) -> WhyNot:
    """Where the product stands when this shelf is filled.

    Args:
        product_id: the product asked about.
        request: the shelf.
        history: of the shopper.
        live: model and catalogue.
        algorithms: what fills shelves.
        rules: the shop's.
        before: shelves of the same page that come before this one.
    """
    row = live.row_of.get(product_id)
    if row is None:
        return WhyNot(product_id, Fate.UNKNOWN_PRODUCT)
    scoring = Scoring(Shopper(history, taste(history, live)), live, algorithms)
    filling = fill_page([*before, request], scoring, rules)[-1]
    wave = _turn(filling, row)
    strategy = wave.strategy if wave else _scored_by(filling, row)
    order = None if strategy is None else filling.order(strategy)
    scores = None if strategy is None else scoring.boosted(strategy, filling.request)
    eligible = _anywhere(filling, strategy) if strategy else None
    return WhyNot(
        product_id=product_id,
        fate=_fate(filling, row, wave),
        place=filling.rows.index(row) + 1 if row in filling.rows else None,
        strategy=strategy,
        score=None if scores is None else float(scores.values[row]),
        rank_among_all=None if order is None else _rank(order, row, _in_shop(live)),
        rank_among_eligible=_rank(order, row, eligible)
        if order is not None and eligible is not None and eligible[row]
        else None,
    )


def _fate(filling: Filling, row: int, wave: Wave | None) -> Fate:
    if row in filling.rows:
        return Fate.SHOWN
    if wave is None:
        return _barred_by(filling, row)
    places = [(place.wave, place.row) for place in filling.places]
    full = len(places) >= filling.request.limit
    last = max((_turn_key(filling, *place) for place in places), default=())
    refused = filling.choice.refuses(row)
    if refused and (not full or _turn_key(filling, wave, row) < last):
        return refused
    if filling.makes_room(row):
        last = max((_turn_key(filling, *place, rotated=False) for place in places), default=())
        if _turn_key(filling, wave, row, rotated=False) < last:
            return Fate.ROTATED
    return Fate.RANKED_LOWER


def _turn(filling: Filling, row: int) -> Wave | None:
    """When the product's turn comes first; None if it never does."""
    for wave in filling.waves:
        order = filling.order(wave.strategy)
        if order is not None and order[row] > -np.inf and filling.open_to(wave)[row]:
            return wave
    return None


def _turn_key(filling: Filling, wave: Wave, row: int, *, rotated: bool = True) -> tuple[float, ...]:
    """The smaller, the sooner the turn comes."""
    order = filling.order(wave.strategy, rotated=rotated)
    assert order is not None  # noqa: S101 (the wave has something to say about the product)
    # Without rotation nothing waits, so all of a strategy have their turn together.
    waits = rotated and not wave.fresh
    number = filling.strategies.index(wave.strategy)
    return not wave.inside, waits, number, -float(order[row]), row


def _barred_by(filling: Filling, row: int) -> Fate:
    """The first rule that keeps the product out; if none does, nothing speaks for it."""
    for strategy in filling.strategies:
        for fate, barred in filling.barred(strategy):
            if _holds(barred, row):
                return fate
    return Fate.NOT_SCORED


def _holds(barred: Barred, row: int) -> bool:
    return row in barred if isinstance(barred, list) else bool(barred[row])


def _scored_by(filling: Filling, row: int) -> Strategy | None:
    """The first strategy of the shelf that has something to say about the product."""
    for strategy in filling.strategies:
        order = filling.order(strategy)
        if order is not None and order[row] > -np.inf:
            return strategy
    return None


def _anywhere(filling: Filling, strategy: Strategy) -> NDArray[np.bool_]:
    """(n_products,) what a strategy may offer, in whichever turn."""
    return filling.open_to(Wave(inside=False, fresh=False, strategy=strategy))


def _in_shop(live: LiveModel) -> NDArray[np.bool_]:
    """(n_products,) without what was removed."""
    there = np.zeros(len(live), bool)
    there[list(live.row_of.values())] = True
    return there


def _rank(order: Floats, row: int, among: NDArray[np.bool_]) -> int:
    """From 1; of equals the lower row comes first, as on a shelf."""
    others = order[among]
    before = int((others > order[row]).sum())
    return 1 + before + int((order[:row][among[:row]] == order[row]).sum())
