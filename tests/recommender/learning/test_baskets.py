"""Which products are bought together."""

from collections import Counter
from itertools import combinations

import numpy as np
from builders import an_event
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.events import EventType
from recommender.learning.baskets import MOST_PARTNERS, basket_matrix, partners
from recommender.learning.interactions import EventTable

MINUTE = 1 / 1440


def bought(*lines, type_=EventType.PURCHASE):
    """(user, product, days ago) each."""
    return EventTable.of([an_event(u, p, type_, days_ago=d) for u, p, d in lines])


def baskets(table):
    """As sets of product ids."""
    matrix = basket_matrix(table)
    return sorted(
        sorted(table.products[c] for c in matrix.indices[a:b])
        for a, b in zip(matrix.indptr, matrix.indptr[1:], strict=False)
    )


def found(table):
    """(one, other) -> (strength, support, lift), and the partners of each in their order."""
    together = partners(basket_matrix(table))
    numbers, order = {}, {}
    for one, name in enumerate(table.products):
        there = together.strength[one] > 0
        order[name] = [table.products[r] for r in together.rows[one][there]]
        for place in np.flatnonzero(there):
            numbers[name, table.products[together.rows[one][place]]] = (
                float(together.strength[one][place]),
                float(together.support[one][place]),
                float(together.lift[one][place]),
            )
    return numbers, order


def test_purchases_less_than_an_hour_apart_are_one_basket():
    table = bought(
        ("ann", "pan", 1),
        ("ann", "lid", 1 - 50 * MINUTE),
        ("ann", "pot", 1 - 100 * MINUTE),
        ("ann", "mug", 1 - 160 * MINUTE),
    )
    assert baskets(table) == [["lid", "pan", "pot"], ["mug"]]


def test_baskets_are_of_one_shopper():
    assert baskets(bought(("ann", "pan", 1), ("bob", "lid", 1))) == [["lid"], ["pan"]]


def test_the_order_in_which_events_came_does_not_matter():
    lines = [("ann", "pan", 3), ("bob", "mug", 2), ("ann", "lid", 3), ("bob", "cup", 2)]
    assert baskets(bought(*lines)) == baskets(bought(*reversed(lines)))


def test_a_shop_without_purchases_has_baskets_of_what_was_put_into_carts():
    lines = ("ann", "pan", 1), ("ann", "lid", 1)
    assert baskets(bought(*lines, type_=EventType.ADD_TO_CART)) == [["lid", "pan"]]
    assert baskets(bought(*lines, type_=EventType.VIEW)) == []


def test_where_there_are_purchases_carts_are_no_baskets():
    table = EventTable.of(
        [
            an_event("ann", "pan", EventType.PURCHASE, days_ago=1),
            an_event("ann", "lid", EventType.ADD_TO_CART, days_ago=1),
        ]
    )
    assert baskets(table) == [["pan"]]


def test_support_counts_baskets_and_lift_is_against_chance():
    table = bought(
        *[(f"u{n}", p, 1) for n in range(3) for p in ("pan", "lid")],
        *[(f"v{n}", "mug", 1) for n in range(3)],
        *[("u0", p, 9) for p in ("pan", "mug")],
    )
    numbers, _ = found(table)
    assert numbers["pan", "lid"][1:] == (3, np.float32(3 * 7 / (4 * 3)))
    assert numbers["pan", "mug"][1:] == (1, np.float32(1 * 7 / (4 * 4)))
    assert numbers["lid", "pan"] == numbers["pan", "lid"]
    assert ("lid", "mug") not in numbers


def test_neither_a_chance_meeting_nor_what_is_in_every_basket_wins():
    lines = []
    for n in range(40):
        lines += [(f"a{n}", "bag", 1), (f"a{n}", f"thing-{n % 20}", 1)]
        if n < 12:
            lines += [(f"a{n}", "pan", 1)]
        if n < 9:
            lines += [(f"a{n}", "lid", 1)]
    lines += [("a0", "once", 1)]
    _, order = found(bought(*lines))
    assert order["pan"][0] == "lid"
    assert order["pan"].index("once") > order["pan"].index("bag")


def test_only_the_strongest_partners_of_a_product_are_kept():
    crowd = [("ann", f"thing-{n}", 1) for n in range(MOST_PARTNERS + 20)]
    friends = [(f"u{n}", p, 1) for n in range(5) for p in ("thing-0", "thing-69")]
    _, order = found(bought(*crowd, *friends))
    assert len(order["thing-0"]) == MOST_PARTNERS
    assert order["thing-0"][0] == "thing-69"


@given(
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abcdef"), st.integers(0, 3))).filter(len)
)
def test_it_is_what_counting_by_hand_gives(lines):
    table = bought(*((f"u{u}", p, d) for u, p, d in lines))
    by_hand = Counter()
    for shopper_and_day in {(u, d) for u, _, d in lines}:
        basket = {p for u, p, d in lines if (u, d) == shopper_and_day}
        by_hand.update(combinations(sorted(basket), 2))
    numbers, order = found(table)
    assert {pair: n[1] for pair, n in numbers.items() if pair[0] < pair[1]} == by_hand
    assert all(0 < strength <= 1 for strength, _, _ in numbers.values())
    for one, others in order.items():
        strengths = [numbers[one, other][0] for other in others]
        assert strengths == sorted(strengths, reverse=True)
