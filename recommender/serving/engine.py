"""Placement -> algorithms -> a full shelf with reasons."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.facts.events import History
from recommender.facts.fates import Fate
from recommender.facts.placements import ALGORITHMS_OF, EXPLORING, OFFERS_BOUGHT, Strategy
from recommender.facts.request import Recommendation, Request, Shelf
from recommender.facts.rules import Rules
from recommender.model.trained_model import Floats
from recommender.serving.algorithms import ALGORITHMS, Algorithm
from recommender.serving.choosing import Choice
from recommender.serving.explain import Explanation, Scores
from recommender.serving.fold_in import taste
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import Shopper
from recommender.serving.steering import answering, boosted, spread_of, too_weak

NO_RULES = Rules()

FEW_SHOPPERS = 5.0
"""Up to this popularity a young product gets the places that are kept for those."""


def recommend(
    request: Request,
    history: History,
    live: LiveModel,
    algorithms: Mapping[Strategy, Algorithm] = ALGORITHMS,
    rules: Rules = NO_RULES,
    longest: int = 0,
) -> Shelf:
    """The shelf that answers a request. Pure: it reads its arguments and nothing else.

    Args:
        request: what is asked for.
        history: of the shopper.
        live: model and catalogue.
        algorithms: what fills shelves.
        rules: the shop's.
        longest: how many products to find with those that come after the shelf.
    """
    [shelf] = recommend_page([request], history, live, algorithms, rules, longest)
    return shelf


def recommend_page(
    requests: Sequence[Request],
    history: History,
    live: LiveModel,
    algorithms: Mapping[Strategy, Algorithm] = ALGORITHMS,
    rules: Rules = NO_RULES,
    longest: int = 0,
) -> list[Shelf]:
    """The shelves of one page, no product on two of them: the earlier one has it.

    Nor is what one of them shows among what comes after another.
    """
    scoring = Scoring(Shopper(history, taste(history, live)), live, algorithms)
    fillings = fill_page(requests, scoring, rules)
    shown = {row for filling in fillings for row in filling.rows}
    return [filling.shelf(longest, shown) for filling in fillings]


def fill_page(requests: Sequence[Request], scoring: "Scoring", rules: Rules) -> list["Filling"]:
    """Fill one shelf after the other; none holds what an earlier one shows."""
    fillings: list[Filling] = []
    shown: frozenset[str] = frozenset()
    for request in requests:
        filling = Filling(replace(request, elsewhere=request.elsewhere | shown), scoring, rules)
        filling.fill(request.limit)
        fillings.append(filling)
        shown |= {scoring.live.products[row].product_id for row in filling.rows}
    return fillings


Barred = NDArray[np.bool_] | list[int]
"""Products, as a mask or as rows."""


def barred(
    request: Request, history: History, live: LiveModel, offers_bought: bool = False
) -> Iterator[tuple[Fate, Barred]]:
    """What must not be on the shelf however good it is, and why not; the first rule first.

    Args:
        request: what is asked for.
        history: of the shopper.
        live: model and catalogue.
        offers_bought: whether what they bought is what the shelf is for.
    """
    yield Fate.NOT_AVAILABLE, ~live.available
    yield Fate.EXCLUDED, live.rows(request.exclude)
    yield Fate.ON_PAGE, live.rows(request.product_ids)
    yield Fate.OTHER_SHELF, live.rows(request.elsewhere)
    if not (request.offer_bought_again or offers_bought):
        yield Fate.ALREADY_BOUGHT, live.rows(history.bought)
    yield Fate.TURNED_AWAY, live.rows(history.turned_away)
    if request.filter is not None:
        yield Fate.FILTERED, ~live.matching(request.filter)


def allowed(
    request: Request, history: History, live: LiveModel, offers_bought: bool = False
) -> NDArray[np.bool_]:
    """(n_products,) what no rule bars."""
    eligible = np.ones(len(live), bool)
    for _, products in barred(request, history, live, offers_bought):
        if isinstance(products, list):
            eligible[products] = False
        else:
            eligible &= ~products
    return eligible


class Scoring:
    """What each algorithm thinks for one shopper, asked once for all shelves of a page."""

    def __init__(
        self, shopper: Shopper, live: LiveModel, algorithms: Mapping[Strategy, Algorithm]
    ) -> None:
        self.shopper = shopper
        self.live = live
        self._algorithms = algorithms
        self._scored: dict[object, Scores | None] = {}

    def by(self, strategy: Strategy, request: Request) -> Scores | None:
        """The scores of a strategy, where it has anything to say."""
        asked = (
            strategy,
            request.at,
            tuple(request.product_ids),
            request.offer_bought_again,
            request.window,
        )
        if asked not in self._scored:
            self._scored[asked] = self._algorithms[strategy](request, self.shopper, self.live)
        return self._scored[asked]

    def boosted(self, strategy: Strategy, request: Request) -> Scores | None:
        """The same, with what the shop adds to them, and what was searched for."""
        scores = self.by(strategy, request)
        if scores is None or not (request.boosts or request.search_query):
            return scores
        asked = id(scores), tuple(request.boosts), request.search_query
        if asked not in self._scored:
            if request.boosts:
                scores = boosted(scores, request.boosts, self.live)
            if request.search_query:
                scores = answering(scores, request.search_query, self.live)
            self._scored[asked] = scores
        return self._scored[asked]


class Wave(NamedTuple):
    """Products whose turn comes at the same time, best first."""

    inside: bool
    """Those of the category that was asked for, if one was; else all that are left."""
    fresh: bool
    """Those that were not shown lately, if that matters; else all that are left."""
    strategy: Strategy


class Place(NamedTuple):
    """A place on the shelf that was filled."""

    row: int
    wave: Wave


class Filling:
    """One shelf while it is filled.

    Takes from each strategy in turn until the shelf is full. A later strategy only fills the places
    the earlier ones left empty, so a shopper nobody knows still gets a shelf. Where a category was
    asked for, products of others only fill what all strategies left empty; and so it is with what
    was shown lately, where the rotation is at its strongest. A strict shelf is left with what its
    own strategy finds, in the category if one was asked for.
    """

    def __init__(self, request: Request, scoring: Scoring, rules: Rules = NO_RULES) -> None:
        live = scoring.live
        self.request = request
        self.live = live
        self.strategies = ALGORITHMS_OF[request.placement][: 1 if request.strict else None]
        self.choice = Choice(
            live, rules, live.rows([*request.product_ids, *request.elsewhere]), request.diversity
        )
        self.places: list[Place] = []
        self._scoring = scoring
        self._rules = rules
        self._open: dict[bool, NDArray[np.bool_]] = {}
        self._resting, self._tired = _shown_lately(request, live)

    @property
    def rows(self) -> list[int]:
        """The products on the shelf, in order."""
        return [place.row for place in self.places]

    @property
    def waves(self) -> Iterator[Wave]:
        """In the order of their turns."""
        others_fill = self.request.category is not None and not self.request.strict
        for inside in (True, False) if others_fill else (True,):
            for fresh in (True, False) if self._resting else (True,):
                for strategy in self.strategies:
                    yield Wave(inside, fresh, strategy)

    def fill(self, count: int, leaving_out: Collection[int] = ()) -> None:
        """Fill the shelf up to so many products.

        There will be fewer only when nothing more is left that may be shown.

        Args:
            count: how many there are to be in all.
            leaving_out: rows that must not join.
        """
        for wave in self.waves:
            missing = count - len(self.places)
            if missing <= 0:
                return
            if (order := self.order(wave.strategy)) is None:
                continue
            eligible = self.open_to(wave)
            eligible[self.choice.rows] = False
            if leaving_out:
                eligible[list(leaving_out)] = False
            self.places += [Place(row, wave) for row in self._take(wave, order, eligible, missing)]

    def order(self, strategy: Strategy, *, rotated: bool = True) -> Floats | None:
        """(n_products,) the higher, the sooner the product's turn comes, by that strategy."""
        scores = self._scoring.boosted(strategy, self.request)
        if scores is None:
            return None
        if not (rotated and self._tired):
            return scores.values
        values = scores.values.copy()
        spread = spread_of(values, self.live)
        values[list(self._tired)] -= spread * np.array(list(self._tired.values()), np.float32)
        return values

    def open_to(self, wave: Wave) -> NDArray[np.bool_]:
        """(n_products,) what may be on the shelf and has its turn now."""
        offers_bought = wave.strategy in OFFERS_BOUGHT
        if offers_bought not in self._open:
            history = self._scoring.shopper.history
            self._open[offers_bought] = allowed(self.request, history, self.live, offers_bought)
        eligible = self._open[offers_bought].copy()
        if self.request.category is not None and wave.inside:
            eligible &= self.live.within(self.request.category)
        if wave.fresh and self._resting:
            eligible[self._resting] = False
        if (too_weak := self._too_weak(wave.strategy)) is not None:
            eligible &= ~too_weak
        return eligible

    def barred(self, strategy: Strategy) -> Iterator[tuple[Fate, Barred]]:
        """What a strategy may not put on this shelf, and why not; the first rule first."""
        offers_bought = strategy in OFFERS_BOUGHT
        yield from barred(self.request, self._scoring.shopper.history, self.live, offers_bought)
        if (too_weak := self._too_weak(strategy)) is not None:
            yield Fate.BELOW_MINIMUM_RELEVANCE, too_weak

    def _too_weak(self, strategy: Strategy) -> NDArray[np.bool_] | None:
        """(n_products,) what is below the minimum relevance, if there is one."""
        scores = self._scoring.by(strategy, self.request)
        if scores is None or not self.request.minimum_relevance:
            return None
        return too_weak(scores.values, self.request.minimum_relevance, self.live)

    def makes_room(self, row: int) -> bool:
        """Whether the product waits, or is pushed down, because it was shown lately."""
        return row in self._tired or row in self._resting

    def shelf(self, longest: int = 0, leaving_out: Collection[int] = ()) -> Shelf:
        """The shelf as it is filled now, with what comes after it.

        Args:
            longest: up to how many products, with those that are on the shelf.
            leaving_out: rows of what must not come after.
        """
        on_shelf = len(self.places)
        self.fill(longest, leaving_out)
        found = self._recommendations(0, on_shelf)
        return Shelf(
            recommendation_id=self.request.recommendation_id,
            placement=self.request.placement,
            strategy=found[0].strategy if found else self.strategies[-1],
            model_version=self.live.version,
            generated_at=self.request.at,
            recommendations=found,
            short_reason=_why_short(self.request, self.live, on_shelf),
            rest=self._recommendations(on_shelf, len(self.places)),
        )

    def _take(
        self, wave: Wave, order: Floats, eligible: NDArray[np.bool_], count: int
    ) -> list[int]:
        exploring = self._rules.exploration_share and self.request.placement in EXPLORING
        if exploring and wave.strategy is self.strategies[0]:
            return _explore(
                self.choice, order, eligible, count, self.request, self.live, self._rules
            )
        return self.choice.take(order, eligible, count)

    def _recommendations(self, start: int, end: int) -> list[Recommendation]:
        """What is in these places."""
        told: dict[Strategy, Explanation] = {}
        found: list[Recommendation] = []
        for rank, (row, wave) in enumerate(self.places[start:end], start + 1):
            if (explanation := told.get(wave.strategy)) is None:
                scores = self._scoring.boosted(wave.strategy, self.request)
                assert scores is not None  # noqa: S101 (it has chosen this product)
                explanation = told[wave.strategy] = Explanation(scores)
            explanation.rows.append(row)
            found.append(
                Recommendation(
                    product=self.live.products[row],
                    rank=rank,
                    score=float(explanation.scores.values[row]),
                    strategy=wave.strategy,
                    is_filler=wave.strategy is not self.strategies[0] or not wave.inside,
                    explain=partial(explanation.of, row),
                )
            )
        return found


def _shown_lately(request: Request, live: LiveModel) -> tuple[list[int], dict[int, float]]:
    """Rows that wait until nothing else is left; and rows that are pushed down, by how many spreads
    of the scores."""
    rotation = request.rotation
    if rotation is None or not rotation.strength:
        return [], {}
    lately = {
        row: since
        for product_id, at in request.shown_lately.items()
        if (row := live.row_of.get(product_id)) is not None
        and (since := max((request.at - at).total_seconds() / 3600, 0.0)) < rotation.hours
    }
    if rotation.strength == 1:
        return list(lately), {}
    most = rotation.strength / (1 - rotation.strength)
    return [], {row: most * (1 - since / rotation.hours) for row, since in lately.items()}


def _explore(
    choice: Choice,
    order: Floats,
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
    rows = choice.take(order, eligible, count - kept)
    missing = max(kept - int(young[rows].sum()), 0)
    found = choice.take(order, eligible & young, missing)
    eligible[found] = False
    every = (len(rows) + len(found)) / (len(found) + 1)
    for n, row in enumerate(found):
        rows.insert(max(int(every * (n + 1)), 1), row)
    return rows + choice.take(order, eligible, count - len(rows))


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
        + " Only its own strategy may fill it, since it is strict."
        * request.strict
    )
