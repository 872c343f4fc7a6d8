"""What is measured is what the books say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from threadpoolctl import threadpool_limits

from recommender.evaluation.intervals import difference, interval, intervals
from recommender.evaluation.metrics import Background, describe, gini, judge


def a_list(*rows):
    return np.array([[*rows, *[-1] * (20 - len(rows))]], np.int32)


def truth(*rows):
    return [np.array(rows, np.int32)]


def test_measures_of_a_list_worked_out_by_hand():
    measured = judge(a_list(7, 1, 8, 2), truth(1, 2, 3), n_products=40).means
    assert measured["precision@10"] == pytest.approx(2 / 10)
    assert measured["recall@10"] == pytest.approx(2 / 3)
    assert measured["f1@10"] == pytest.approx(2 * 0.2 * (2 / 3) / (0.2 + 2 / 3))
    assert measured["map@10"] == pytest.approx((1 / 2 + 2 / 4) / 3)
    gain, ideal = 1 / np.log2(3) + 1 / np.log2(5), 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert measured["ndcg@10"] == pytest.approx(gain / ideal)
    assert measured["hit_rate@10"] == 1
    assert measured["mrr@10"] == 1 / 2
    assert measured["coverage@10"] == pytest.approx(4 / 40)


def test_a_perfect_list_scores_one_and_an_empty_one_nothing():
    perfect = judge(a_list(*range(10)), truth(*range(10)), n_products=10).means
    for measure in ("ndcg@10", "map@10", "recall@10", "mrr@10"):
        assert perfect[measure] == pytest.approx(1)
    nothing = judge(a_list(), truth(1), n_products=10).means
    assert all(value == 0 for value in nothing.values())


@pytest.mark.parametrize("k", [1, 3, 10, 20])
def test_measures_agree_with_those_of_implicit(k):
    rng = np.random.default_rng(k)
    lists = np.argsort(rng.random((50, 60)), axis=1)[:, :20].astype(np.int32)
    wanted = [rng.choice(60, rng.integers(1, 30), replace=False).astype(np.int32) for _ in lists]
    ours = judge(lists, wanted, 60, [k]).of_shopper
    theirs = measured_by_implicit(lists, wanted, k)
    for measure in ("ndcg", "map"):
        assert ours[f"{measure}@{k}"].mean() == pytest.approx(theirs[measure], abs=1e-9)
    # Its precision divides the hits of all shoppers by all that could have been hit.
    possible = np.minimum([len(w) for w in wanted], k)
    hits = ours[f"precision@{k}"].sum() * k
    assert hits / possible.sum() == pytest.approx(theirs["precision"], abs=1e-9)


def measured_by_implicit(lists, wanted, k):
    pytest.importorskip("implicit")
    with threadpool_limits(1, "blas"):
        from implicit.evaluation import ranking_metrics_at_k
        from implicit.recommender_base import RecommenderBase

        class Fixed(RecommenderBase):
            def recommend(self, userid, user_items, N=10, **_):  # noqa: N803
                return lists[userid, :N], np.zeros((len(userid), N))

            def fit(self): ...
            def similar_users(self): ...
            def similar_items(self): ...
            def save(self): ...

        taken = sparse.lil_matrix((len(lists), 60))
        for n, row in enumerate(wanted):
            taken[n, row] = 1
        nothing = sparse.csr_matrix(taken.shape)
        return ranking_metrics_at_k(
            Fixed(), nothing, taken.tocsr(), K=k, show_progress=False, num_threads=1
        )


def background(n_products=6, popular=(0, 1), shoppers_of=None, attributes=None):
    return Background(
        on_offer=np.ones(n_products, bool),
        shoppers_of=np.array(shoppers_of or [8, 4, 2, 1, 0, 0]),
        n_shoppers=8,
        attributes=sparse.csr_matrix(np.eye(n_products) if attributes is None else attributes),
        popular=a_list(*popular),
    )


def test_a_list_of_what_few_bought_is_novel():
    found = describe(a_list(0, 2), truth(5), background(), [2]).means
    assert found["novelty@2"] == pytest.approx((0 + 2) / 2)  # bits: all of 8, and 2 of 8
    nobodys = describe(a_list(4), truth(5), background(), [1]).means
    assert nobodys["novelty@1"] == pytest.approx(3)


def test_a_list_of_one_kind_is_not_diverse():
    kinds = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 0], [0.6, 0.8]])
    of_kinds = background(attributes=kinds)

    def diversity(*rows):
        return describe(a_list(*rows), truth(5), of_kinds, [10]).means["diversity@10"]

    assert diversity(0, 1) == pytest.approx(0)
    assert diversity(0, 2) == pytest.approx(1)
    assert diversity(0, 5) == pytest.approx(1 - 0.6)
    assert diversity(0, 1, 2) == pytest.approx(2 / 3)
    assert diversity(0, 4) == pytest.approx(1)  # of a product without attributes nothing is known
    no_kinds = background(attributes=np.zeros((6, 2)))
    assert "diversity@10" not in describe(a_list(0, 1), truth(5), no_kinds, [10]).means


def test_a_hit_that_popularity_shows_as_well_is_no_surprise():
    found = describe(a_list(0, 3), truth(0, 3), background(popular=(0, 1)), [2]).means
    assert found["serendipity@2"] == pytest.approx(1 / 2)


def test_only_products_on_offer_are_shared_out_places_among():
    found = describe(a_list(0, 1), truth(5), background(), [2]).means
    assert found["coverage@2"] == pytest.approx(2 / 6)
    assert found["gini@2"] == pytest.approx(4 / 6)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_gini_is_half_the_mean_difference_over_the_mean(counts):
    counts = np.array(counts)
    apart = np.abs(counts[:, None] - counts[None, :]).mean()
    expected = apart / (2 * counts.mean()) if counts.sum() else 0
    assert gini(counts) == pytest.approx(expected, abs=1e-12)


def test_an_interval_holds_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    found = intervals(rng.exponential(1, (80, 400)))
    held = np.mean([low <= 1 <= high for _, low, high in found])
    assert 0.88 < held < 0.97


def test_a_difference_is_of_the_same_shoppers():
    rng = np.random.default_rng(1)
    theirs = rng.exponential(1, 200)
    ours = theirs + 0.01 + rng.normal(0, 0.001, 200)
    assert difference(ours, theirs).low > 0
    assert interval(ours).low < interval(theirs).high
    assert difference(ours, theirs) == difference(ours, theirs)
