"""What learning from all of a shop's events promises."""

from dataclasses import replace

import numpy as np
import pytest
from builders import NOW, SMALL, an_event, two_tastes

from recommender.facts.errors import NotEnoughData, ProcessDied
from recommender.facts.events import EventType
from recommender.learning.blend_learning import FEWEST_LEARNERS
from recommender.learning.interactions import EventTable
from recommender.learning.learn import Windows, learn, window_of
from recommender.learning.trainer import Trainer

CATALOGUE, EVENTS = two_tastes(shoppers=160)
TABLE = EventTable.of(EVENTS)


def trainer(**more):
    return Trainer("v1", NOW, SMALL, **more)


def test_the_model_is_the_same_to_the_last_bit_however_many_processes_train_it():
    with trainer() as alone, trainer(processes=2, small_work=0) as together:
        together.get_ready(TABLE)
        one = learn(TABLE, CATALOGUE, alone)
        other = learn(TABLE, CATALOGUE, together)
    assert one.blend.quality
    assert one.to_bytes() == other.to_bytes()
    assert set(alone.seconds) == set(together.seconds)


def test_a_small_shop_starts_no_process():
    with trainer(processes=2) as here:
        here.get_ready(TABLE)
        learn(TABLE, CATALOGUE, here)
        assert "_children" not in vars(here)


@pytest.mark.parametrize("small_work", [0, 1_000_000])
def test_too_little_to_learn_from_is_said_wherever_it_is_trained(small_work):
    few = EventTable.of(EVENTS[:3])
    with trainer(processes=2, small_work=small_work) as any_trainer:
        with pytest.raises(NotEnoughData, match="too little to learn from"):
            learn(few, CATALOGUE, any_trainer)


def test_what_was_not_waited_for_is_ended():
    with trainer(processes=2, small_work=0) as leaving:
        asked = [leaving.submit(f"Training {n}", TABLE, CATALOGUE) for n in range(4)]
    assert all(
        f.cancelled() or not f.exception() or isinstance(f.exception(), ProcessDied) for f in asked
    )


def test_a_shop_without_time_is_judged_on_a_share_of_what_each_took_to():
    timeless = replace(TABLE, at=np.full_like(TABLE.at, TABLE.at[0]))
    window = window_of(timeless, CATALOGUE, 0.2)
    assert len(window.shoppers) >= FEWEST_LEARNERS
    assert not pairs(window.train) & pairs(window.test)
    window = window_of(TABLE, CATALOGUE, 0.2)
    assert window.train.at.max() < window.test.at.min()


def pairs(table):
    return set(zip(table.shopper.tolist(), table.product.tolist(), strict=True))


def test_a_handful_of_shoppers_is_nobody_to_learn_a_window_from():
    alone = TABLE.where(TABLE.shopper == 0)
    first = alone.where(np.arange(len(alone)) == 0)
    with pytest.raises(NotEnoughData):
        window_of(first, CATALOGUE, 0.2)


def test_a_look_that_led_to_a_purchase_is_known_to_who_learns_what_comes_next():
    """Else shops in which all look at what they buy would learn to hide what was looked at."""
    events = [
        event
        for n in range(100)
        for event in (
            an_event(f"s{n}", f"tea-{n % 12}", EventType.PURCHASE, days_ago=3),
            an_event(f"s{n}", f"kitchen-{n % 12}", EventType.VIEW, days_ago=1.01),
            an_event(f"s{n}", f"kitchen-{n % 12}", EventType.PURCHASE, days_ago=1),
        )
    ]
    window = window_of(EventTable.of(events), CATALOGUE, 0.2, kind=Windows.LATEST_OF_EACH)
    assert len(window.shoppers) == 100
    known = pairs(window.known)
    wanted = {
        (shopper, int(product))
        for shopper, products in zip(window.shoppers, window.truth, strict=True)
        for product in products
    }
    assert wanted <= known
