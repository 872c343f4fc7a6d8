"""Simulated shoppers whose tastes we know, and what they did in the demo shop, day after day.

Nothing is remembered from one day to the next but what is still to come (a rating is given days
after the parcel), so a history of any length takes the memory of its busiest days.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.facts.catalog import Product
from recommender.facts.events import Event, EventType, shopper_of_session, shopper_of_user
from recommender.facts.money import Money
from seed.shop_words import BRANDS, COLOURS, LEAF_NUMBERS, LEAVES, STYLES

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

DAY_MS = 86_400_000

_FIRST_NAMES = (
    "ann ben cleo dan ella finn gina hugo iris jack kate liam mia noah olga paul quin rosa sam "
    "tess umar vera will xenia yann zoe"
)
FIRST_NAMES = tuple(_FIRST_NAMES.split())

INTERESTS: dict[str, tuple[str, ...]] = {
    "cook": ("Pans", "Knives", "Spices", "Olive Oil", "Casseroles", "Chopping Boards", "Aprons"),
    "host": ("Plates", "Glasses", "Bowls", "Napkins", "Cutlery", "Carafes", "Candles"),
    "coffee lover": ("Coffee", "Mugs", "Coffee Makers", "Chocolate", "Storage Jars", "Flasks"),
    "tea drinker": ("Tea", "Teapots", "Honey", "Books", "Blankets", "Kettles", "Slippers"),
    "baker": ("Mixing Bowls", "Aprons", "Storage Jars", "Chocolate", "Bowls", "Honey"),
    "decorator": ("Cushions", "Vases", "Rugs", "Prints", "Frames", "Mirrors", "Side Tables"),
    "lamp lighter": ("Table Lamps", "Floor Lamps", "Pendant Lights", "Armchairs", "Candles"),
    "good sleeper": ("Bed Linen", "Pillows", "Quilts", "Slippers", "Blankets", "Alarm Clocks"),
    "bather": ("Towels", "Soap", "Bath Salts", "Hand Wash", "Bath Mats", "Room Scents", "Candles"),
    "writer": ("Notebooks", "Pens", "Books", "Desk Lamps", "Desk Chairs", "Prints", "Wall Clocks"),
    "gardener": ("House Plants", "Plant Pots", "Seeds", "Herbs", "Garden Tools", "Plant Food",
                 "Watering Cans", "Bird Houses"),
    "terrace sitter": ("Garden Chairs", "Parasols", "Barbecues", "Garden Lanterns", "Hammocks",
                       "Garden Tables"),
    "camper": ("Tents", "Sleeping Bags", "Camp Stoves", "Camp Chairs", "Cool Boxes",
               "Camp Lights", "Camp Cookware"),
    "walker": ("Backpacks", "Socks", "Water Bottles", "Rain Jackets", "Flasks", "Trail Snacks",
               "Caps"),
    "tidier": ("Baskets", "Laundry Baskets", "Storage Jars", "Towels", "Side Tables", "Mirrors"),
}  # fmt: skip
"""What people are into, and the shelves they then look at. A shopper has one and a half of them."""

SHELVES_OF_THE_FIRST, SHELVES_OF_THE_SECOND = 3, 2
HOW_OFTEN_EACH_SHELF = np.array([0.30, 0.22, 0.18, 0.17, 0.13])
"""Of a shopper's favourites, the first one most."""

# How much more likely a product is taken, for each thing about it that the shopper likes.
LOVE_OF_BRAND, LOVE_OF_COLOUR, LOVE_OF_STYLE = np.log(5.0), np.log(2.5), np.log(3.0)
LOVE_OF_PRICE = 0.9
"""Times how much cheaper (or dearer) it is than its shelf, in standard deviations."""

SHARE_WITH_TWO_STYLES = 0.35
FAVOURITE_COLOURS = 3
SHARE_THERE_FROM_THE_START = 0.5
"""Of the shoppers; the others join over the shop's first year."""

STEEPNESS = 1.0
"""Of popularity on a shelf, by Zipf's law: 0 is all alike, 1 gives the second half of the first."""

PRODUCTS_CONSIDERED = 12
"""What somebody sees of a shelf before looking closer at one product, mostly bestsellers."""

SHARE_ANONYMOUS = 0.25
LOOKS_AT_A_TIME = 3.4
"""Products in one visit, in the middle."""

EVENTS_PER_VISIT = 5.7
"""As it turns out; measured, so that `count` comes out about right."""

LOOKED_AT_NEXT = (0.44, 0.68, 0.83)
"""Where the next look goes: the shelf one came for, one that goes with it, another favourite, or
(the rest) just somewhere."""

DAYS_UNTIL_KNOWN = 12.0
"""A new product starts with a few looks and has most of its public after this."""

LONGEST_WAIT = 10
"""Days until the last ratings of a day's purchases are in."""

SHARE_OF_REPEATS = 0.05
"""Of all events: things used up and bought again."""

SUMMIT = {"spring": 105, "summer": 190, "autumn": 290, "winter": 350}
"""Day of the year when most is sold of what belongs to a season."""

SEASON_SWING = 1.1
"""e to this, and to minus this: how much a seasonal shelf rises and falls."""

BUSY_HOURS_ON_WEEKDAYS = np.array(
    [2, 1, 1, 1, 1, 2, 5, 9, 10, 9, 9, 11, 15, 13, 9, 8, 9, 12, 17, 23, 27, 24, 14, 6], float
)
BUSY_HOURS_AT_WEEKENDS = np.array(
    [3, 2, 1, 1, 1, 1, 3, 6, 12, 18, 22, 22, 20, 18, 18, 18, 17, 17, 18, 20, 21, 18, 11, 6], float
)
BUSY_WEEKDAYS = (1.00, 0.93, 0.92, 0.95, 0.88, 1.05, 1.27)
"""From Monday."""

BUSIEST_DAY_OF_THE_YEAR = 345
"""In the middle of December, and the weeks around it."""


@dataclass(frozen=True, slots=True)
class Taste:
    """What one shopper likes. Known to us, hidden from whatever is to learn it."""

    interests: tuple[str, str]
    """Keys of `INTERESTS`."""
    categories: tuple[str, ...]
    """Favourite shelves as category paths, the dearest first."""
    brands: tuple[str, ...]
    colours: tuple[str, ...]
    styles: tuple[str, ...]
    price_sensitivity: float
    """0 goes for the best there is, 1 for the cheapest."""


def user_id_of(number: int) -> str:
    """What shopper number 1, 2, 3... is called when signed in.

    >>> user_id_of(1)
    'ann-0001'
    """
    return f"{FIRST_NAMES[(number - 1) % len(FIRST_NAMES)]}-{number:04d}"


def taste_of(number: int, seed: int = 1) -> Taste:
    """What shopper number 1, 2, 3... likes; it follows from the two numbers alone."""
    tastes = _Tastes.of(np.array([number]), seed)

    def liked(names: Iterable[str], flags: Flags) -> tuple[str, ...]:
        return tuple(name for name, likes in zip(names, flags.tolist(), strict=True) if likes)

    return Taste(
        interests=(_INTERESTS[tastes.first[0]], _INTERESTS[tastes.second[0]]),
        categories=tuple(LEAVES[leaf].path for leaf in tastes.leaves[0]),
        brands=liked((brand.name for brand in BRANDS), tastes.brands[0]),
        colours=liked(COLOURS, tastes.colours[0]),
        styles=liked(STYLES, tastes.styles[0]),
        price_sensitivity=float(tastes.sensitivity[0]),
    )


def events(
    products: Iterable[Product],
    *,
    until: datetime,
    days: int = 180,
    count: int = 60_000,
    shoppers: int = 3_000,
    seed: int = 1,
) -> Iterator[Event]:
    """What happened in the shop in the days before `until`, in the order of time.

    Each day follows from its date and the other arguments alone, so a history that is told again
    tomorrow (as long as `count / days` is the same) says what today's said of all the days that
    they share, under the same event ids.

    Args:
        products: of the demo shop (`seed.shop`).
        until: UTC, and after every event.
        count: how many events to aim at; the sum differs by a few per cent.
        shoppers: how many people, from number 1; see `user_id_of` and `taste_of`.
    """
    shop = _Shop.of(products, seed)
    people = _People.of(shoppers, shop, seed, events_a_day=count / days)
    end_ms = int(until.timestamp() * 1000)
    start_ms = end_ms - days * DAY_MS
    first, last = _day_of(start_ms), _day_of(end_ms)
    still_to_come = np.empty(0, _ACTS)
    for day in range(first - LONGEST_WAIT, last + 1):
        acts = np.concatenate((still_to_come, _acts_of(day, shop, people, count / days, seed)))
        over = acts["at_ms"] < (day + 1) * DAY_MS
        still_to_come = acts[~over]
        told = acts[over & (acts["at_ms"] >= start_ms) & (acts["at_ms"] < end_ms)]
        yield from _told(np.sort(told, order=("at_ms", "day", "number")), shop, people, seed)


_ACTS = np.dtype(
    [
        ("at_ms", np.int64),
        ("type", np.int8),
        ("day", np.int32),
        ("number", np.int32),
        ("visit", np.int32),
        ("who", np.int32),
        ("anonymous", np.bool_),
        ("product", np.int32),
        ("quantity", np.int16),
        ("rating", np.int8),
    ]
)
"""Acts as columns. Day and number make the event's id, day and visit the order's."""

_TYPES = tuple(EventType)
_INTERESTS = tuple(INTERESTS)
_SEASONAL = [number for number, leaf in enumerate(LEAVES) if leaf.season]
_CONSUMABLE = [number for number, leaf in enumerate(LEAVES) if leaf.lasts_days]


def _same_length(rows: Iterable[Iterable[int]]) -> Whole:
    """Rows of one to six entries as a table, each repeated: a draw from 60 is a draw from each."""
    return np.array([(list(row) * 60)[:60] for row in rows])


_GOES_WITH = _same_length([LEAF_NUMBERS[name] for name in leaf.goes_with] for leaf in LEAVES)
_SETS_OF = _same_length(leaf.sets_of for leaf in LEAVES)
_LEAVES_OF_INTEREST = np.array(
    [[leaf.name in names for leaf in LEAVES] for names in INTERESTS.values()]
)
_BRANDS_OF_LEAF = np.array([[brand in leaf.brands for brand in BRANDS] for leaf in LEAVES])
_COLOURS_OF_STYLE = np.array([[c in colours for c in COLOURS] for colours in STYLES.values()])


def _uniform(seed: int, purpose: int, numbers: Whole, width: int = 1) -> Floats:
    """Evenly spread over 0 to 1, (len(numbers), width): what a die with this number falls on.

    Unlike a generator's, the numbers of one shopper do not depend on how many others there are.
    """
    key = (seed * 1_000_003 + purpose) * 0x9E3779B97F4A7C15 % 2**64
    x: NDArray[Any] = numbers.astype(np.uint64)[:, None] * np.uint64(0xD1342543DE82EF95)
    x = (x + np.arange(width, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    x ^= x >> np.uint64(31)
    return (x >> np.uint64(11)).astype(np.float64) / 2.0**53


@dataclass(frozen=True, slots=True)
class _Tastes:
    """The tastes of many, a row for each."""

    first: Whole
    second: Whole
    leaves: Whole
    """(n, 5), the dearest first."""
    brands: Flags
    colours: Flags
    styles: Flags
    sensitivity: Floats

    @classmethod
    def of(cls, numbers: Whole, seed: int) -> "_Tastes":
        n = len(numbers)
        rows = np.arange(n)
        dice = _uniform(seed, 1, numbers, 6)
        first = (dice[:, 0] * len(INTERESTS)).astype(int)
        others = (dice[:, 1] * (len(INTERESTS) - 1)).astype(int)
        second = (first + 1 + others) % len(INTERESTS)

        draw = _uniform(seed, 2, numbers, len(LEAVES))
        of_first = np.where(_LEAVES_OF_INTEREST[first], draw, -1.0)
        dearest = np.argsort(-of_first, axis=1)[:, :SHELVES_OF_THE_FIRST]
        of_second = np.where(_LEAVES_OF_INTEREST[second], draw, -1.0)
        of_second[rows[:, None], dearest] = -1.0
        leaves = np.hstack((dearest, np.argsort(-of_second, axis=1)[:, :SHELVES_OF_THE_SECOND]))

        brands = np.zeros((n, len(BRANDS)), bool)
        draw = _uniform(seed, 3, numbers, len(BRANDS))
        for leaf in leaves.T:
            brands[rows, np.argmax(np.where(_BRANDS_OF_LEAF[leaf], draw, -1.0), axis=1)] = True

        styles = np.zeros((n, len(STYLES)), bool)
        style = (dice[:, 2] * len(STYLES)).astype(int)
        styles[rows, style] = True
        another = (style + 1 + (dice[:, 3] * (len(STYLES) - 1)).astype(int)) % len(STYLES)
        styles[rows, another] |= dice[:, 4] < SHARE_WITH_TWO_STYLES

        draw = np.where(_COLOURS_OF_STYLE[style], _uniform(seed, 4, numbers, len(COLOURS)), -1.0)
        colours = np.zeros((n, len(COLOURS)), bool)
        colours[rows[:, None], np.argsort(-draw, axis=1)[:, :FAVOURITE_COLOURS]] = True
        return cls(first, second, leaves, brands, colours, styles, dice[:, 5])


@dataclass(frozen=True)
class _Shop:
    """What is for sale, as columns, shelf after shelf."""

    ids: list[str]
    prices: list[Money | None]
    leaf: Whole
    brand: Whole
    colour: Whole
    """The number after the last colour where it does not matter."""
    style: Whole
    dearness: Floats
    """Of the price among those of its shelf, in standard deviations."""
    created_ms: Whole
    seen: Floats
    """How often it is seen, summed over the products up to this one; 0 comes first."""
    edges: Whole
    """Where each shelf begins, and where the last one ends."""

    @classmethod
    def of(cls, products: Iterable[Product], seed: int) -> "_Shop":
        leaf_of_path = {leaf.path: number for number, leaf in enumerate(LEAVES)}
        brand_of_name = {brand.name: number for number, brand in enumerate(BRANDS)}
        colour_of_name = {colour: number for number, colour in enumerate(COLOURS)}
        style_of_name = {style: number for number, style in enumerate(STYLES)}
        ids, prices, facts = [], [], []
        for number, product in enumerate(products):
            if not product.available_for_sale or product.price is None:
                continue
            attributes = dict(product.attributes)
            ids.append(product.product_id)
            prices.append(product.price)
            facts.append(
                (
                    leaf_of_path[product.categories[0]],
                    number,
                    brand_of_name[product.brand or ""],
                    colour_of_name.get(attributes.get("colour", ""), len(COLOURS)),
                    style_of_name[attributes["style"]],
                    product.price.minor_units,
                    int(product.created_at.timestamp() * 1000),
                )
            )
        table = np.array(facts, np.int64).reshape(-1, 7)
        luck = _uniform(seed, 5, table[:, 1])[:, 0]
        order = np.lexsort((luck, table[:, 0]))
        leaf, _, brand, colour, style, cents, created_ms = table[order].T
        edges = np.searchsorted(leaf, np.arange(len(LEAVES) + 1))
        starts, sizes = edges[:-1][leaf], np.diff(edges)[leaf]
        # Zipf's law: within each shelf, the order is that of luck.
        popularity = (np.arange(len(leaf)) - starts + 1.0) ** -STEEPNESS
        sums = np.bincount(leaf, popularity, len(LEAVES))[leaf]
        popularity *= np.array([x.width * x.euros**-0.25 for x in LEAVES])[leaf] / sums

        logs = np.log(cents)
        mean = np.bincount(leaf, logs, len(LEAVES))[leaf] / sizes
        spread = np.sqrt(np.bincount(leaf, (logs - mean) ** 2, len(LEAVES))[leaf] / sizes)
        dearness = np.clip((logs - mean) / np.maximum(spread, 0.05), -2, 2)
        return cls(
            ids=[ids[row] for row in order],
            prices=[prices[row] for row in order],
            leaf=leaf,
            brand=brand,
            colour=colour,
            style=style,
            dearness=dearness,
            created_ms=created_ms,
            seen=np.concatenate(([0.0], np.cumsum(popularity))),
            edges=edges,
        )

    @cached_property
    def seen_of_leaf(self) -> Floats:
        """How often each shelf is seen."""
        return np.diff(self.seen[self.edges])

    @property
    def opened_ms(self) -> int:
        """When the first product came."""
        return int(self.created_ms.min(initial=2**62))


@dataclass(frozen=True)
class _People:
    """Everybody who shops here, a row for each; row 0 is number 1."""

    tastes: _Tastes
    love_of_brand: Floats
    love_of_colour: Floats
    love_of_style: Floats
    shopper_ids: list[str]
    activity: Floats
    """How much of all that happens is theirs, before we count who has joined."""
    joined: Whole
    """The day they first came."""
    # Things they use up and buy again: who, which product, and every how many days.
    repeat_who: Whole
    repeat_product: Whole
    repeat_days: Floats
    repeat_phase: Floats

    @classmethod
    def of(cls, count: int, shop: _Shop, seed: int, events_a_day: float) -> "_People":
        numbers = np.arange(1, count + 1)
        tastes = _Tastes.of(numbers, seed)
        dice = _uniform(seed, 6, numbers, 4)
        activity = np.minimum(dice[:, 0] ** -0.5, 40.0)
        # Numbers are given out in order, so the highest belong to the newest.
        late = np.maximum(numbers / count - SHARE_THERE_FROM_THE_START, 0)
        late_days = late / (1 - SHARE_THERE_FROM_THE_START) * 365
        joined = _day_of(shop.opened_ms) + late_days.astype(int)
        people = cls(
            tastes=tastes,
            love_of_brand=tastes.brands * LOVE_OF_BRAND,
            # A last column for products whose colour does not matter.
            love_of_colour=np.pad(tastes.colours * LOVE_OF_COLOUR, ((0, 0), (0, 1))),
            love_of_style=tastes.styles * LOVE_OF_STYLE,
            shopper_ids=[shopper_of_user(user_id_of(number)) for number in range(1, count + 1)],
            activity=activity,
            joined=joined,
            repeat_who=np.empty(0, int),
            repeat_product=np.empty(0, int),
            repeat_days=np.empty(0),
            repeat_phase=np.empty(0),
        )
        if not len(shop.ids) or not count:
            return people
        # The dearest of the favourite shelves from which things are used up, if there is one.
        used_up = np.isin(tastes.leaves, _CONSUMABLE)
        leaf = tastes.leaves[np.arange(count), np.argmax(used_up, axis=1)]
        lasts = np.array([x.lasts_days for x in LEAVES])[leaf] * (0.7 + 0.6 * dice[:, 1])
        able = used_up.any(axis=1)
        a_day = float(np.sum(activity[able] / lasts[able]))
        wanted = events_a_day * SHARE_OF_REPEATS / 3
        who = np.flatnonzero(able & (dice[:, 2] < activity * wanted / max(a_day, 1e-9)))
        rng = np.random.default_rng((seed, 0))
        opened = np.full(len(who), shop.opened_ms)
        product, _, found = _chosen(rng, shop, people, who, leaf[who], opened)
        who = who[found]
        return replace(
            people,
            repeat_who=who,
            repeat_product=product[found],
            repeat_days=lasts[who],
            repeat_phase=dice[who, 3] * lasts[who],
        )


def _chosen(
    rng: np.random.Generator, shop: _Shop, people: _People, who: Whole, leaf: Whole, at_ms: Whole
) -> tuple[Whole, Floats, Flags]:
    """What each of them takes from a shelf: of a few products seen there, the one that fits best.

    Returns:
        product, fit: its row in the shop, and how well it fits the shopper's taste.
        found: whether any of the products seen was for sale by then.
    """
    empty = shop.seen_of_leaf[leaf] == 0
    begin = np.where(empty, 0, shop.edges[leaf])
    end = np.where(empty, len(shop.ids), shop.edges[leaf + 1])
    low, high = shop.seen[begin, None], shop.seen[end, None]
    sights = low + rng.random((len(who), PRODUCTS_CONSIDERED)) * (high - low)
    rows = np.searchsorted(shop.seen, sights, side="right") - 1
    rows = np.clip(rows, begin[:, None], end[:, None] - 1)

    person = who[:, None]
    thrift = 2 * people.tastes.sensitivity[person] - 1
    fit = (
        people.love_of_brand[person, shop.brand[rows]]
        + people.love_of_colour[person, shop.colour[rows]]
        + people.love_of_style[person, shop.style[rows]]
        - LOVE_OF_PRICE * thrift * shop.dearness[rows]
    )
    age_days = (at_ms[:, None] - shop.created_ms[rows]) / DAY_MS
    there = age_days >= 0
    known = 1 - 0.85 * np.exp(-np.maximum(age_days, 0) / DAYS_UNTIL_KNOWN)
    # The largest of logarithms with Gumbel noise is a draw in proportion to what they are of.
    score = np.where(there, fit + np.log(known) + rng.gumbel(size=fit.shape), -np.inf)
    best = np.arange(len(who)), np.argmax(score, axis=1)
    return rows[best], fit[best], there[best]


def _acts_of(
    day: int, shop: _Shop, people: _People, events_a_day: float, seed: int
) -> NDArray[np.void]:
    """Everything that starts on this day; its ratings come up to `LONGEST_WAIT` days later."""
    rng = np.random.default_rng((seed, day))
    date_ = date.fromordinal(day + _EPOCH)
    season = _season_on(date_)
    tastes = people.tastes

    # Who comes, and when.
    coming = np.cumsum(people.activity * (people.joined <= day))
    from_advent = date_.timetuple().tm_yday - BUSIEST_DAY_OF_THE_YEAR
    busy = BUSY_WEEKDAYS[date_.weekday()] * (1 + 0.3 * np.exp(-((from_advent / 20) ** 2)))
    n = rng.poisson(events_a_day / EVENTS_PER_VISIT * busy) if coming[-1:].any() else 0
    who = np.searchsorted(coming, rng.random(n) * coming[-1:], side="right")
    at_ms = day * DAY_MS + _time_of_day_ms(rng, n, weekend=date_.weekday() >= 5)
    anonymous = rng.random(n) < SHARE_ANONYMOUS

    # What they look at.
    favourite = _favourite(rng, tastes.leaves[who], season)
    looks = np.minimum(rng.geometric(1 / LOOKS_AT_A_TIME, n), 15)
    visit = np.repeat(np.arange(n), looks)
    m = len(visit)
    looker = who[visit]
    way = np.where(np.diff(visit, prepend=-1) > 0, 0.0, rng.random(m))
    goes_with = _GOES_WITH[favourite[visit], rng.integers(60, size=m)]
    another = _favourite(rng, tastes.leaves[looker], season)
    shelves = np.cumsum(shop.seen_of_leaf * season)
    anywhere = np.searchsorted(shelves, rng.random(m) * shelves[-1], side="right")
    leaf = np.choose(
        np.searchsorted(LOOKED_AT_NEXT, way, side="right"),
        (favourite[visit], goes_with, another, np.minimum(anywhere, len(LEAVES) - 1)),
    )
    product, fit, found = _chosen(rng, shop, people, looker, leaf, at_ms[visit])
    # Nobody looks twice at the same thing in one visit.
    once = np.zeros(m, bool)
    once[np.unique(visit * len(shop.ids) + product, return_index=True)[1]] = True
    kept = once & found
    visit, product, fit = visit[kept], product[kept], fit[kept]

    # And who comes back for what is used up: a visit with one look.
    due = np.flatnonzero(
        (day + people.repeat_phase) // people.repeat_days
        > (day - 1 + people.repeat_phase) // people.repeat_days
    )
    due = due[people.joined[people.repeat_who[due]] <= day]
    returns = np.concatenate((np.zeros(len(visit), bool), np.ones(len(due), bool)))
    visit = np.concatenate((visit, n + np.arange(len(due))))
    product = np.concatenate((product, people.repeat_product[due]))
    fit = np.concatenate((fit, np.full(len(due), 3.5)))
    who = np.concatenate((who, people.repeat_who[due]))
    anonymous = np.concatenate((anonymous, np.zeros(len(due), bool)))
    late = rng.integers(3, size=len(due)) * DAY_MS
    at_ms = np.concatenate(
        (at_ms, day * DAY_MS + late + _time_of_day_ms(rng, len(due), weekend=False))
    )

    # What they then do.
    m = len(visit)
    dwell = (8_000 + rng.exponential(45_000, m)).astype(int)
    passed = np.cumsum(dwell)
    seen_ms = at_ms[visit] + passed - passed[np.searchsorted(visit, visit)]
    left_ms = np.zeros(len(who), int)
    np.maximum.at(left_ms, visit, seen_ms + 60_000)
    keen = 1 / (1 + np.exp(1.9 - fit))
    carted = returns | (rng.random(m) < 0.10 + 0.28 * keen)
    removed = carted & ~returns & (rng.random(m) < 0.13)
    buys = rng.random(len(who)) < np.where(anonymous, 0.30, 0.52)
    bought = carted & ~removed & (returns | buys[visit])
    rated = bought & ~anonymous[visit] & (rng.random(m) < np.where(returns, 0.08, 0.30))
    liked = rng.random(m) < 0.05 * keen
    disliked = ~liked & ~carted & (rng.random(m) < 0.025 * (1 - keen))
    clicked = rng.random(m) < 0.35
    stars = np.clip(np.rint(3.0 + 0.55 * fit + rng.normal(0, 0.8, m)), 1, 5)
    # Some parcels arrive broken, whatever one's taste.
    stars = np.where(rng.random(m) < 0.05, rng.integers(1, 3, m), stars).astype(int)
    quantity = _SETS_OF[shop.leaf[product], rng.integers(60, size=m)]
    wait_ms = (rng.uniform(2, LONGEST_WAIT - 3, m) * DAY_MS).astype(int)

    parts = []
    for type_, done, when_ms in (
        (EventType.CLICK, clicked, seen_ms - 1_500),
        (EventType.VIEW, np.ones(m, bool), seen_ms),
        (EventType.LIKE, liked, seen_ms + 4_000),
        (EventType.DISLIKE, disliked, seen_ms + 5_000),
        (EventType.ADD_TO_CART, carted, seen_ms + 7_000),
        (EventType.REMOVE_FROM_CART, removed, left_ms[visit] - 20_000),
        (EventType.PURCHASE, bought, left_ms[visit]),
        (EventType.RATING, rated, left_ms[visit] + wait_ms),
    ):
        part = np.zeros(int(done.sum()), _ACTS)
        part["at_ms"] = when_ms[done]
        part["type"] = _TYPES.index(type_)
        part["visit"] = visit[done]
        part["product"] = product[done]
        if type_ in (EventType.ADD_TO_CART, EventType.PURCHASE):
            part["quantity"] = quantity[done]
        else:
            part["quantity"] = 1
        part["rating"] = stars[done] * (type_ is EventType.RATING)
        parts.append(part)
    acts = np.concatenate(parts)
    acts["day"] = day
    acts["number"] = np.arange(len(acts))
    acts["who"] = who[acts["visit"]]
    acts["anonymous"] = anonymous[acts["visit"]]
    return acts


def _told(acts: NDArray[np.void], shop: _Shop, people: _People, seed: int) -> Iterator[Event]:
    """The acts one by one, with the ids by which the shop knows them."""
    rating, purchase = _TYPES.index(EventType.RATING), _TYPES.index(EventType.PURCHASE)
    dates = {
        day: date.fromordinal(day + _EPOCH).strftime("%Y%m%d")
        for day in np.unique(acts["day"]).tolist()
    }
    for at_ms, type_, day, number, visit, who, anonymous, product, quantity, stars in acts.tolist():
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        begun = dates[day]
        yield Event(
            event_id=f"demo-{seed}-{begun}-{number}",
            type=_TYPES[type_],
            shopper_id=(
                shopper_of_session(f"visit-{seed}-{begun}-{visit}")
                if anonymous
                else people.shopper_ids[who]
            ),
            product_id=shop.ids[product],
            at=at,
            received_at=at,
            quantity=quantity,
            rating=float(stars) if type_ == rating else None,
            unit_price=shop.prices[product] if type_ == purchase else None,
            order_id=f"order-{seed}-{begun}-{visit}" if type_ == purchase else None,
        )


_EPOCH = date(1970, 1, 1).toordinal()


def _day_of(at_ms: int) -> int:
    """Days since 1970."""
    return at_ms // DAY_MS


def _season_on(day: date) -> Floats:
    """How much more, or less, of each shelf is wanted on this day; 1 where seasons play no part."""
    wanted = np.ones(len(LEAVES))
    for number in _SEASONAL:
        summit = SUMMIT[LEAVES[number].season or "summer"]
        from_summit = 2 * np.pi * (day.timetuple().tm_yday - summit) / 365
        wanted[number] = np.exp(SEASON_SWING * np.cos(from_summit))
    return wanted


def _favourite(rng: np.random.Generator, leaves: Whole, season: Floats) -> Whole:
    """One of each shopper's favourite shelves, (n, 5), by how dear it is and by the season."""
    chance = np.cumsum(HOW_OFTEN_EACH_SHELF * season[leaves], axis=1)
    pick = rng.random((len(leaves), 1)) * chance[:, -1:]
    place = np.minimum((chance <= pick).sum(axis=1), leaves.shape[1] - 1)
    picked: Whole = leaves[np.arange(len(leaves)), place]
    return picked


def _time_of_day_ms(rng: np.random.Generator, n: int, *, weekend: bool) -> Whole:
    weights = BUSY_HOURS_AT_WEEKENDS if weekend else BUSY_HOURS_ON_WEEKDAYS
    hours = rng.choice(24, n, p=weights / weights.sum())
    return ((hours + rng.random(n)) * 3_600_000).astype(np.int64)
