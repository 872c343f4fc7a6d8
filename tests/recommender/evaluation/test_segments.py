"""For whom, and for what, lists are good."""

import numpy as np
import pytest
from builders import two_tastes

from recommender.evaluation.baselines import item_knn_lists
from recommender.evaluation.metrics import judge
from recommender.evaluation.segments import Segment, judge_segment, segments_of
from recommender.evaluation.splits import temporal_split
from recommender.learning.interactions import EventTable


@pytest.fixture(scope="module")
def split():
    catalogue, events = two_tastes(shoppers=200)
    return temporal_split(EventTable.of(events), catalogue, 0.3)


def of_kind(split, kind):
    return [segment for segment in segments_of(split) if segment.kind == kind]


def test_every_judged_shopper_is_light_medium_or_heavy(split):
    places = np.concatenate([segment.places for segment in of_kind(split, "shoppers")])
    assert sorted(places.tolist()) == list(range(len(split.shoppers)))


def test_the_truth_of_the_products_segments_is_that_of_the_split(split):
    for kind in ("products", "category"):
        found = [
            (place, row)
            for segment in of_kind(split, kind)
            for place, rows in zip(segment.places.tolist(), segment.truth, strict=True)
            for row in rows.tolist()
        ]
        everything = [(n, row) for n, rows in enumerate(split.truth) for row in rows.tolist()]
        assert sorted(found) == everything


def test_categories_are_the_topmost_ones(split):
    assert [segment.name for segment in of_kind(split, "category")] == ["Home"]


def test_a_segment_of_everybody_is_judged_like_everybody(split):
    lists = item_knn_lists(split)
    everybody = Segment("shoppers", "all", np.arange(len(split.shoppers)), split.truth)
    found = judge_segment(everybody, lists, 10)
    whole = judge(lists, split.truth, 24).means
    assert found == {name: whole[name] for name in found}
    assert set(found) >= {"ndcg@10", "recall@10", "mrr@10"}
