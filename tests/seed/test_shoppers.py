"""What the simulated shoppers do could be real, can be learnt, and is the same every time."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from statistics import mean

import pytest

from recommender.facts.events import EventType
from seed.shop import products
from seed.shop_words import LEAF_NUMBERS, LEAVES
from seed.shoppers import events, taste_of, user_id_of

UNTIL = datetime(2025, 6, 10, tzinfo=UTC)
A_YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def shop():
    return {product.product_id: product for product in products(opened=UNTIL - A_YEAR)}


@pytest.fixture(scope="module")
def history(shop):
    return list(events(shop.values(), until=UNTIL))


@pytest.fixture(scope="module")
def orders(history):
    orders = defaultdict(list)
    for event in history:
        if event.type is EventType.PURCHASE:
            orders[event.order_id].append(event)
    return orders


def leaf_of(product):
    return product.categories[0].rsplit(" > ", 1)[1]


def test_the_same_seed_gives_the_same_history(shop, history):
    assert list(islice(events(shop.values(), until=UNTIL), 5_000)) == history[:5_000]


def test_another_seed_gives_another(shop, history):
    others = list(islice(events(shop.values(), until=UNTIL, seed=2), 1_000))
    assert not {e.event_id for e in others} & {e.event_id for e in history}


def test_tomorrow_tells_the_same_of_the_days_it_shares_with_today(shop):
    def told(until):
        return set(events(shop.values(), until=until, days=10, count=3_000))

    today, tomorrow = told(UNTIL), told(UNTIL + timedelta(days=1))
    start = UNTIL - timedelta(days=9)
    assert {e for e in today if e.at >= start} == {e for e in tomorrow if e.at < UNTIL}


def test_the_first_event_does_not_wait_for_the_last(shop):
    # All of these would take a minute.
    shop_of_old = products(opened=UNTIL - timedelta(days=15_000))
    assert next(events(shop_of_old, until=UNTIL, days=14_000, count=7_000_000))


def test_there_are_about_as_many_as_asked_for(history):
    assert 55_000 < len(history) < 65_000


def test_events_come_in_the_order_of_time_and_within_it(history):
    assert all(earlier.at <= later.at for earlier, later in pairwise(history))
    assert UNTIL - timedelta(days=180) <= history[0].at
    assert history[-1].at < UNTIL
    assert all(event.received_at == event.at for event in history)


def test_the_database_keeps_the_times_exactly(history):
    assert all(event.at.microsecond % 1_000 == 0 for event in history)


def test_every_event_has_its_own_id(history):
    assert len({event.event_id for event in history}) == len(history)


def test_nobody_acts_on_what_is_not_there_or_not_for_sale(shop, history):
    for event in history:
        product = shop[event.product_id]
        assert product.available_for_sale
        assert product.created_at <= event.at


def test_shops_of_any_size_have_a_history():
    for count in (1, 50):
        shop = products(count=count, opened=UNTIL - A_YEAR)
        assert list(events(shop, until=UNTIL, days=20, count=500, shoppers=20))
    assert not list(events([], until=UNTIL, days=20, count=500))
    not_yet_open = products(count=50, opened=UNTIL + A_YEAR)
    assert not list(events(not_yet_open, until=UNTIL, days=20, count=500))


def test_some_are_signed_in_and_some_are_not(history):
    kinds = Counter(event.shopper_id.split(":")[0] for event in history)
    assert set(kinds) == {"user", "session"}
    assert 0.1 < kinds["session"] / len(history) < 0.4


def test_every_act_of_a_real_shop_occurs(history):
    types = Counter(event.type for event in history)
    assert types[EventType.VIEW] > types[EventType.ADD_TO_CART] > types[EventType.PURCHASE] > 1_000
    assert set(EventType) - set(types) == {EventType.IMPRESSION, EventType.DISMISS}


def test_an_order_is_of_one_shopper_at_one_time_at_the_price_of_the_day(shop, orders):
    assert sum(len(lines) > 1 for lines in orders.values()) > len(orders) / 10
    for lines in orders.values():
        assert len({(line.shopper_id, line.at) for line in lines}) == 1
        assert len({line.product_id for line in lines}) == len(lines)
        assert all(line.unit_price == shop[line.product_id].price for line in lines)


def test_nobody_buys_what_they_did_not_put_into_the_cart(shop):
    first_days = timedelta(days=5)
    told = list(events(shop.values(), until=UNTIL, days=60, count=20_000))
    carted = set()
    for event in told:
        if event.type is EventType.ADD_TO_CART:
            carted.add((event.shopper_id, event.product_id))
        elif event.type is EventType.PURCHASE and event.at > told[0].at + first_days:
            assert (event.shopper_id, event.product_id) in carted


def test_a_taste_follows_from_the_number_alone():
    assert taste_of(7) == taste_of(7)
    assert len({taste_of(number) for number in range(1, 200)}) > 190
    assert taste_of(7, seed=2) != taste_of(7)


def test_a_taste_says_something_of_everything():
    for number in range(1, 50):
        taste = taste_of(number)
        assert len(set(taste.categories)) == 5
        assert set(taste.categories) <= {leaf.path for leaf in LEAVES}
        assert taste.brands
        assert taste.colours
        assert taste.styles
        assert 0 <= taste.price_sensitivity <= 1


@pytest.fixture(scope="module")
def bought_by_taste(shop, history):
    """Pairs of a taste and a product bought or put into the cart."""
    tastes = {f"user:{user_id_of(number)}": taste_of(number) for number in range(1, 3_001)}
    return [
        (tastes[event.shopper_id], shop[event.product_id])
        for event in history
        if event.type is EventType.ADD_TO_CART and event.shopper_id in tastes
    ]


@pytest.mark.parametrize(
    ("likes", "times_as_often"),
    [
        (lambda taste, product: product.categories[0] in taste.categories, 4),
        (lambda taste, product: product.brand in taste.brands, 2),
        (lambda taste, product: dict(product.attributes).get("colour") in taste.colours, 1.5),
        (lambda taste, product: dict(product.attributes)["style"] in taste.styles, 1.5),
    ],
    ids=["shelves", "brands", "colours", "styles"],
)
def test_tastes_show_in_what_they_buy(bought_by_taste, likes, times_as_often):
    own = mean(likes(taste, product) for taste, product in bought_by_taste)
    shuffled = zip(bought_by_taste, bought_by_taste[1_000:] + bought_by_taste[:1_000], strict=True)
    of_others = mean(likes(taste, product) for (taste, _), (_, product) in shuffled)
    assert own > times_as_often * of_others


def test_the_thrifty_pay_less(bought_by_taste):
    middle = {leaf.path: leaf.euros for leaf in LEAVES}

    def paid(thrifty):
        return mean(
            float(product.price.amount) / middle[product.categories[0]]
            for taste, product in bought_by_taste
            if (taste.price_sensitivity > 0.5) == thrifty
        )

    assert paid(thrifty=True) < 0.9 * paid(thrifty=False)


def test_what_fits_is_rated_higher_but_not_always(shop, history):
    tastes = {f"user:{user_id_of(number)}": taste_of(number) for number in range(1, 3_001)}
    of_loved, of_others = [], []
    for event in history:
        if event.type is EventType.RATING:
            loved = shop[event.product_id].brand in tastes[event.shopper_id].brands
            (of_loved if loved else of_others).append(event.rating)
    assert mean(of_loved) > mean(of_others) + 0.3
    assert {1, 2, 3, 4, 5} == set(of_loved + of_others)


def test_a_few_products_and_shoppers_make_most_of_the_traffic_and_the_tail_is_long(shop, history):
    for counts in (
        Counter(event.product_id for event in history),
        Counter(event.shopper_id for event in history if event.shopper_id.startswith("user:")),
    ):
        most = [times for _, times in counts.most_common()]
        assert sum(most[: len(most) // 10]) > 0.3 * len(history) * 0.75
        assert most[len(most) // 2] < most[0] / 10
    assert len(Counter(event.product_id for event in history)) > 0.8 * len(shop)


def test_things_have_their_season(shop):
    def share(month, season):
        until = datetime(2025, month, 28, tzinfo=UTC)
        told = list(events(shop.values(), until=until, days=20, count=4_000))
        return mean(season in shop[event.product_id].tags for event in told)

    assert share(7, "summer") > 2 * share(1, "summer")
    assert share(1, "winter") > 2 * share(7, "winter")


def test_evenings_are_busier_than_nights(history):
    hours = Counter(event.at.hour for event in history)
    assert hours[20] > 5 * hours[3]


def test_what_is_used_up_is_bought_again(history, shop):
    times = Counter(
        (event.shopper_id, event.product_id)
        for event in history
        if event.type is EventType.PURCHASE
    )
    again = Counter()
    for (_, product_id), count in times.items():
        leaf = LEAVES[LEAF_NUMBERS[leaf_of(shop[product_id])]]
        again[bool(leaf.lasts_days)] += count >= 3
    assert again[True] > 100
    assert again[True] > 5 * again[False]


def test_what_is_bought_together_belongs_together(shop, orders):
    together = Counter()
    for lines in orders.values():
        leaves = {leaf_of(shop[line.product_id]) for line in lines}
        for one in leaves:
            for other in leaves - {one}:
                goes_with = LEAVES[LEAF_NUMBERS[one]].goes_with
                together[other in goes_with] += 1
    by_chance = mean(len(leaf.goes_with) for leaf in LEAVES) / len(LEAVES)
    assert together[True] / together.total() > 4 * by_chance


def test_new_products_find_their_public(shop, history):
    age_days = Counter()
    for event in history:
        product = shop[event.product_id]
        if UNTIL - timedelta(days=170) < product.created_at < UNTIL - timedelta(days=60):
            age_days[(event.at - product.created_at).days] += 1
    assert sum(age_days[day] for day in range(5)) < 0.7 * sum(
        age_days[day] for day in range(30, 35)
    )
