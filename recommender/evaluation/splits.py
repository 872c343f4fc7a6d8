"""Events cut in two: what a model may know, and what it is judged on.

Truth is what a shopper bought in the held-out part and had not bought before (in a shop without
purchases: what they took to). With `repeats` it is everything they bought in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from recommender.facts.catalog import UNSAID, Product
from recommender.facts.errors import NotEnoughData
from recommender.facts.events import Act, EventType, History
from recommender.facts.ids import Rows
from recommender.learning.interactions import ODD_SHARE, TYPES, EventTable

MOST_SHOPPERS = 5_000
"""Shoppers a model is measured on; a random sample of these where there are more."""
HELD_OUT_SHARE = 0.2
COLD_SHARE = 0.2
"""Of the products that are taken out of training, or of the judged shoppers at a time."""
BASKET_GAP_MS = 3_600_000
"""Purchases of one shopper that follow one another faster than this are one order."""


@dataclass(frozen=True, slots=True)
class Split:
    """Events cut in two, and who is to be judged on the later part."""

    cut: datetime
    """When the lists are made."""
    train: EventTable
    """What models learn from."""
    known: EventTable
    """What serving knows of shoppers when the lists are made. More than `train` only where some
    shoppers are kept out of training."""
    test: EventTable
    shoppers: Sequence[int]
    """Rows of the shoppers that have a history in `known` and something to find in `test`."""
    truth: Sequence[NDArray[np.int32]]
    """For each of them, the rows of the products that a good list holds."""
    products: Mapping[str, Product]
    """What the shop sold at the cut. Lists hold what is available of it."""
    repeats: bool = False
    """Whether lists may hold, and are to hold, what the shopper bought before."""
    moments: NDArray[np.int64] | None = None
    """(n_shoppers of the tables,) milliseconds since 1970: when each one's list is made; None: at
    the cut."""
    counts_of_then: bool = False
    """Whether a list goes by what was popular when it is made: training knows what others did since
    then, which no list could have gone by."""

    def made_at(self, shopper: int) -> datetime:
        """When the list of a shopper (a row) is made."""
        return self.cut if self.moments is None else _moment(int(self.moments[shopper]))

    @property
    def on_offer(self) -> NDArray[np.bool_]:
        """(n_products,) whether a list may hold the product of a row."""
        offered = {p.product_id for p in self.products.values() if p.available_for_sale}
        return np.array([p in offered for p in self.train.products], bool)

    def of_places(self, places: NDArray[np.int64]) -> "Split":
        """The same, judging some of the shoppers."""
        return replace(
            self,
            shoppers=[self.shoppers[n] for n in places.tolist()],
            truth=[self.truth[n] for n in places.tolist()],
        )

    def among(self, product_rows: Iterable[int]) -> "Split":
        """The same, where lists may hold these products only."""
        offered = {self.train.products[row] for row in product_rows}
        return replace(
            self,
            products={
                id_: replace(p, available_for_sale=id_ in offered)
                for id_, p in self.products.items()
            },
        )


def temporal_split(
    table: EventTable,
    products: Mapping[str, Product],
    held_out_share: float = HELD_OUT_SHARE,
    *,
    repeats: bool = False,
) -> Split:
    """Hold out the events of the last part of the time span.

    Raises:
        NotEnoughData: if that leaves nobody to judge.
    """
    if not len(table):
        raise NotEnoughData("There are no events.")
    # Not from the very first event to the very last: one wrong date would move the cut by years.
    first, last = np.quantile(table.at, [ODD_SHARE, 1 - ODD_SHARE], method="nearest").tolist()
    cut_ms = first + int((last - first) * (1 - held_out_share))
    return split_at(table, products, _moment(cut_ms), repeats=repeats)


def split_at(
    table: EventTable,
    products: Mapping[str, Product],
    cut: datetime,
    seed: int = 1,
    *,
    repeats: bool = False,
) -> Split:
    """Hold out the events from a moment on.

    Raises:
        NotEnoughData: if that leaves nobody to judge.
    """
    before = table.at < cut.timestamp() * 1000
    train = table.where(before)
    nobody = (
        f"Nobody who did something before {cut:%Y-%m-%d} did something new after it, so there is "
        "no one to measure a model on."
    )
    return _judged(train, table.where(~before), products, cut, nobody, seed, repeats)


def with_repeats(split: Split, seed: int = 1) -> Split:
    """The same cut, where what a shopper bought before may be found again."""
    shoppers, truth = _truth(split.train, split.test, split.products, repeats=True)
    shoppers, truth = _sample(shoppers, truth, seed)
    return replace(split, shoppers=shoppers, truth=truth, repeats=True)


def visits_in(split: Split, seed: int = 1) -> Split:
    """The same window, where each list is made in the middle of a visit: just before a random act
    that followed upon another one, with all that the shopper did by then.

    Models still know only what came before the window.

    Raises:
        NotEnoughData: if that leaves nobody to judge.
    """
    test = split.test
    order = np.lexsort((np.random.default_rng(seed).random(len(test)), test.shopper))
    order = order[_follows(test)[order]]
    came, first = np.unique(test.shopper[order], return_index=True)
    moments = np.full(len(test.shoppers), np.iinfo(np.int64).max)
    moments[came] = test.at[order[first]]
    by_then = test.at < moments[test.shopper]
    # Those who made no such visit are nobody to judge.
    by_then |= moments[test.shopper] == moments.max(initial=0)
    known = split.known.with_events(test.where(by_then))
    later = test.where(~by_then)
    shoppers, truth = _truth(known, later, split.products, split.repeats)
    trained = _met(split)
    truth = [wanted[np.isin(wanted, trained)] for wanted in truth]
    judged = [n for n, wanted in enumerate(truth) if len(wanted)]
    if not judged:
        raise NotEnoughData("Nobody took to anything in the middle of a visit.")
    return replace(
        split,
        known=known,
        test=later,
        shoppers=[shoppers[n] for n in judged],
        truth=[truth[n] for n in judged],
        moments=moments,
    )


def _follows(events: EventTable) -> NDArray[np.bool_]:
    """(n_events,) whether the shopper had done something within the hour before, but not just at
    that moment."""
    order = np.lexsort((events.at, events.shopper))
    at, shopper = events.at[order], events.shopper[order]
    begins = _changes(shopper, at)
    since = np.zeros(len(order), np.int64)
    since[1:] = np.diff(at)
    since[_changes(shopper)] = BASKET_GAP_MS
    # All acts of one moment follow upon what the first of them follows upon.
    since = since[begins][np.cumsum(begins) - 1]
    follows = np.zeros(len(order), bool)
    follows[order] = since < BASKET_GAP_MS
    return follows


def next_basket_split(
    table: EventTable,
    products: Mapping[str, Product],
    orders: Rows | None = None,
    seed: int = 1,
    *,
    repeats: bool = False,
) -> Split:
    """Hold out the last order of every shopper who has two or more, and what they did since.

    Args:
        table: all events.
        products: the catalogue.
        orders: (n_events,) which order each event belongs to, as numbers; -1 where that is not
            known. Then purchases at one moment are one order, or, where a shop stamps each line
            with a moment of its own, purchases less than an hour apart.
        seed: of the sample of shoppers, where there are many.
        repeats: whether what was bought before is to be found, too.

    Raises:
        NotEnoughData: if that leaves nobody to judge.
    """
    is_wanted = _is_wanted(table)
    wanted = table.where(is_wanted)
    order_of = _orders_by_time(wanted).astype(np.int64)
    if orders is not None:
        told = orders[is_wanted]
        order_of = np.where(told >= 0, told, order_of + orders.max(initial=-1) + 1)
    # The first line of each order, then of each shopper the order that begins last.
    by_order = np.lexsort((wanted.at, order_of, wanted.shopper))
    first = by_order[_changes(wanted.shopper[by_order], order_of[by_order])]
    latest = first[np.lexsort((order_of[first], wanted.at[first], wanted.shopper[first]))]
    count = np.bincount(wanted.shopper[latest], minlength=len(table.shoppers))
    last = latest[np.cumsum(count)[count >= 2] - 1]
    begin = np.full(len(table.shoppers), np.iinfo(np.int64).max)
    begin[wanted.shopper[last]] = wanted.at[last]
    held_out = table.at > begin[table.shopper]
    of_last = np.full(len(table.shoppers), -1, np.int64)
    of_last[wanted.shopper[last]] = order_of[last]
    held_out[is_wanted] |= order_of == of_last[wanted.shopper]
    nobody = "Nobody ordered twice, and something new the last time. Try --split leave-last-out."
    return _each_when_they_come(
        _judged(
            table.where(~held_out),
            table.where(held_out),
            products,
            _end(table),
            nobody,
            seed,
            repeats,
        ),
        counts_of_then=True,
    )


def leave_last_out_split(
    table: EventTable, products: Mapping[str, Product], seed: int = 1, *, repeats: bool = False
) -> Split:
    """Hold out the product that each shopper came to last, and what they did since.

    Of several at the same moment it is a random one, so that this also works in a shop that does
    not know when things happened.

    Raises:
        NotEnoughData: if that leaves nobody to judge.
    """
    wanted = _wanted(table)
    random = np.random.default_rng(seed).random(len(wanted))
    n = len(table.products)
    if not repeats:
        # Of each pair the first time: a repeat is nothing that the shopper came to.
        pair = wanted.shopper.astype(np.int64) * n + wanted.product
        first = np.lexsort((wanted.at, pair))
        first = first[np.unique(pair[first], return_index=True)[1]]
        chosen = np.zeros(len(wanted), bool)
        chosen[first] = True
        wanted, random = wanted.where(chosen), random[chosen]
    order = np.lexsort((random, wanted.at, wanted.shopper))
    shopper = wanted.shopper[order]
    last = order[np.r_[shopper[1:] != shopper[:-1], np.ones(min(len(order), 1), bool)]]
    moment = np.full(len(table.shoppers), np.iinfo(np.int64).max)
    product = np.full(len(table.shoppers), -1)
    moment[wanted.shopper[last]] = wanted.at[last]
    product[wanted.shopper[last]] = wanted.product[last]
    since = table.at - moment[table.shopper]
    held_out = (since > 0) | ((since == 0) & (product[table.shopper] == table.product))
    nobody = "Nobody took to two products, so there is no last one to hold out."
    return _each_when_they_come(
        _judged(
            table.where(~held_out),
            table.where(held_out),
            products,
            _end(table),
            nobody,
            seed,
            repeats,
        ),
        counts_of_then=True,
    )


def held_out_pairs(
    table: EventTable,
    products: Mapping[str, Product],
    share: float,
    seed: int = 1,
) -> Split:
    """Hold out a random share of each shopper's products, with all that they did about them.

    For a shop that does not know when things happened. Everybody keeps one product or more.

    Raises:
        NotEnoughData: if that leaves nobody to judge.
    """
    rng = np.random.default_rng(seed)
    pair = table.shopper.astype(np.int64) * len(table.products) + table.product
    # Ratings of any kind: how well they are predicted is to be seen on all of them.
    counts = (table.weights > 0) | table.is_type(EventType.RATING)
    drawn = np.unique(pair[counts])
    shopper = drawn // max(len(table.products), 1)
    shuffled = np.lexsort((rng.random(len(drawn)), shopper))
    shopper = shopper[shuffled]
    count = np.bincount(shopper, minlength=len(table.shoppers))
    place = np.arange(len(shopper)) - (np.cumsum(count) - count)[shopper]
    # Rounded up as often as its fraction says, so that the share is right for short histories.
    wanted = np.floor(share * count + rng.random(len(count)))
    kept = np.maximum(count - 1, 0)
    held_out = np.isin(pair, drawn[shuffled][place < np.minimum(wanted, kept)[shopper]])
    nobody = "Nobody took to two products, so nothing can be held out."
    return _each_when_they_come(
        _judged(
            table.where(~held_out),
            table.where(held_out),
            products,
            _end(table),
            nobody,
            seed,
            False,
        )
    )


def given_split(
    table: EventTable,
    products: Mapping[str, Product],
    is_test: NDArray[np.bool_],
    seed: int = 1,
    *,
    repeats: bool = False,
) -> Split:
    """Hold out what somebody else chose to.

    Args:
        table: all events.
        products: the catalogue.
        is_test: (n_events,) which of them are held out.
        seed: of the sample of shoppers, where there are many.
        repeats: as everywhere.

    Raises:
        NotEnoughData: if that leaves nobody to judge.
    """
    train = table.where(~is_test)
    nobody = "Nobody of the training events took to something new in the test events."
    return _each_when_they_come(
        _judged(train, table.where(is_test), products, _end(train), nobody, seed, repeats)
    )


def cold_products_split(split: Split, share: float = COLD_SHARE, seed: int = 1) -> Split:
    """The same, with a random share of the products only coming into the shop at the cut.

    Nothing that anybody did with them before is known. Truth is who bought them since;
    `cold_rows` says which they are, and `among` them ranks only these.

    Raises:
        NotEnoughData: if nobody bought any of them.
    """
    known = np.unique(split.train.product)
    rng = np.random.default_rng(seed)
    cold = np.sort(rng.permutation(known)[: int(len(known) * share)])
    train = split.train.where(~np.isin(split.train.product, cold))
    test = split.test.where(np.isin(split.test.product, cold))
    names = {split.train.products[row] for row in cold.tolist()}
    products = {
        id_: replace(p, created_at=split.cut) if id_ in names else p
        for id_, p in split.products.items()
    }
    shoppers, truth = _truth(train, test, products, split.repeats, met_only=False)
    if not shoppers:
        raise NotEnoughData("Nobody bought any of the products that were kept out of training.")
    shoppers, truth = _sample(shoppers, truth, seed)
    return replace(
        split,
        train=train,
        known=train,
        test=test,
        shoppers=shoppers,
        truth=truth,
        products=products,
    )


def cold_rows(split: Split) -> NDArray[np.int64]:
    """Rows of the products on offer that training has not seen."""
    return np.flatnonzero(split.on_offer & ~np.isin(np.arange(len(split.on_offer)), _met(split)))


def cold_shoppers_splits(split: Split, share: float = COLD_SHARE, seed: int = 1) -> list[Split]:
    """The same in parts, each judging a random share of the shoppers, of whom its training knows
    nothing; every shopper is in one of them.

    What they did before the cut is known to serving, which folds them in.
    """
    order = np.random.default_rng(seed).permutation(len(split.shoppers))
    parts = np.array_split(order, min(max(round(1 / share), 2), len(order)))
    return [
        replace(
            split.of_places(np.sort(places)),
            train=split.train.where(
                ~np.isin(split.train.shopper, np.array(split.shoppers)[places])
            ),
        )
        for places in parts
    ]


def histories(train: EventTable, shoppers: Iterable[int], length: int) -> Iterable[History]:
    """The shoppers' histories as serving would have read them at the cut."""
    order = np.lexsort((-train.at, train.shopper))
    rows = np.array(list(shoppers), np.int64)
    sorted_shoppers = train.shopper[order]
    starts, ends = (
        np.searchsorted(sorted_shoppers, rows),
        np.searchsorted(sorted_shoppers, rows + 1),
    )
    for shopper, start, end in zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True):
        events = order[start:end]
        acts = [
            Act(
                train.products[product],
                TYPES[code],
                datetime.fromtimestamp(at / 1000, UTC),
                None if rating != rating else rating,
            )
            # A list of numbers is read several times as fast as an array.
            for product, code, at, rating in zip(
                train.product[events].tolist(),
                train.type[events].tolist(),
                train.at[events].tolist(),
                train.rating[events].tolist(),
                strict=True,
            )
        ]
        history = History.of(acts)
        said = train.shopper_attributes.get(train.shoppers[shopper], ())
        yield replace(history, acts=history.acts[:length], attributes=said)


def hidden_rows(split: Split) -> Sequence[NDArray[np.int64]]:
    """For each judged shopper, rows of the products that no list may hold, as in serving."""
    row_of = {p: row for row, p in enumerate(split.known.products)}
    everything = len(split.known)
    return [
        np.array(
            [row_of[p] for p in history.turned_away | (set() if split.repeats else history.bought)],
            np.int64,
        )
        for history in histories(split.known, split.shoppers, everything)
    ]


def _judged(
    train: EventTable,
    test: EventTable,
    products: Mapping[str, Product],
    cut: datetime,
    nobody: str,
    seed: int,
    repeats: bool,
) -> Split:
    met = {train.products[row] for row in np.unique(train.product).tolist()}
    on_sale = {
        # What was bought then was available then, whatever it is today.
        id_: replace(p, available_for_sale=True)
        for id_, p in products.items()
        # Of what nobody met, and the shop does not say since when it is sold, we do not know.
        if id_ in met or UNSAID < p.created_at <= cut
    }
    shoppers, truth = _truth(train, test, on_sale, repeats)
    if not shoppers:
        raise NotEnoughData(nobody)
    shoppers, truth = _sample(shoppers, truth, seed)
    return Split(cut, train, train, test, shoppers, truth, on_sale, repeats)


def _each_when_they_come(split: Split, *, counts_of_then: bool = False) -> Split:
    """Lists are made when each shopper's held-out acts begin."""
    moments = np.full(len(split.test.shoppers), np.iinfo(np.int64).max)
    np.minimum.at(moments, split.test.shopper, split.test.at)
    return replace(split, moments=moments, counts_of_then=counts_of_then)


def _truth(
    train: EventTable,
    test: EventTable,
    on_sale: Mapping[str, Product],
    repeats: bool = False,
    *,
    met_only: bool = True,
) -> tuple[list[int], list[NDArray[np.int32]]]:
    """Who is judged, and on what. With `met_only`, products that nobody met do not count."""
    n = len(train.products)

    def pairs(events: EventTable) -> NDArray[np.int64]:
        return np.unique(events.shopper.astype(np.int64) * n + events.product)

    met = train.where(train.weights > 0)
    taken = pairs(_wanted(test))
    if not repeats:
        # Who rates a product knows it: lists never hold it again.
        bought_then = train.where(train.is_type(EventType.PURCHASE, EventType.RATING))
        taken = np.setdiff1d(taken, pairs(bought_then), assume_unique=True)
    shopper, product = np.divmod(taken, max(n, 1))
    in_catalogue = np.array([p in on_sale for p in train.products], bool)
    judged = in_catalogue[product] & np.isin(shopper, met.shopper)
    if met_only:
        judged &= np.isin(product, met.product)
    shopper, product = shopper[judged], product[judged]
    rows, starts = np.unique(shopper, return_index=True)
    return rows.tolist(), [
        p.astype(np.int32) for p in (np.split(product, starts[1:]) if len(rows) else [])
    ]


def _wanted(events: EventTable) -> EventTable:
    return events.where(_is_wanted(events))


def _is_wanted(events: EventTable) -> NDArray[np.bool_]:
    """(n_events,) which acts show what a shopper wanted."""
    bought = events.is_type(EventType.PURCHASE)
    return bought if bought.any() else events.weights > 0


def _orders_by_time(wanted: EventTable) -> NDArray[np.int64]:
    """(n_events,) a number for each order, growing with time for each shopper."""
    order = np.lexsort((wanted.at, wanted.shopper))
    gaps = np.diff(wanted.at[order])
    new_shopper = _changes(wanted.shopper[order])[1:]
    # Most purchases share their moment with another one where the shop stamps whole orders.
    stamped = bool(np.mean(gaps[~new_shopper] == 0) >= 0.5) if (~new_shopper).any() else True
    begins = np.ones(len(order), bool)
    begins[1:] = new_shopper | (gaps >= (1 if stamped else BASKET_GAP_MS))
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(begins) - 1
    return numbers


def _changes(*columns: NDArray[np.integer]) -> NDArray[np.bool_]:
    """(n,) whether a row differs from the one before in any of the columns; the first does."""
    changed = np.ones(len(columns[0]), bool)
    changed[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return changed


def _sample(
    shoppers: list[int], truth: list[NDArray[np.int32]], seed: int
) -> tuple[list[int], list[NDArray[np.int32]]]:
    if len(shoppers) <= MOST_SHOPPERS:
        return shoppers, truth
    drawn = np.random.default_rng(seed).choice(len(shoppers), MOST_SHOPPERS, replace=False)
    return [shoppers[n] for n in np.sort(drawn)], [truth[n] for n in np.sort(drawn)]


def _met(split: Split) -> NDArray[np.int32]:
    return np.unique(split.train.product[split.train.weights > 0])


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _end(table: EventTable) -> datetime:
    """Just after the last event."""
    return _moment(int(table.at.max(initial=0)) + 1)
