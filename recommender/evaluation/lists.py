"""What shoppers would have been shown, by the engine that serves."""

from collections.abc import Callable

import numpy as np

from recommender.evaluation.metrics import CUTOFFS, Lists
from recommender.evaluation.moments import live_models
from recommender.evaluation.splits import Split, histories
from recommender.facts.placements import Placement
from recommender.facts.request import Request
from recommender.model.trained_model import TrainedModel
from recommender.serving.engine import recommend


def engine_lists(
    model: TrainedModel,
    split: Split,
    history_length: int,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    longest: int = max(CUTOFFS),
) -> Lists:
    """What shoppers would have been shown, by the engine that serves."""
    row_of = {p: row for row, p in enumerate(split.train.products)}
    count = len(split.shoppers)
    lists = np.full((count, longest), -1, np.int32)
    done = 0
    for live, places in live_models(model, split, np.arange(count)):
        shoppers = [split.shoppers[n] for n in places.tolist()]
        known = histories(split.known, shoppers, history_length)
        for n, shopper, history in zip(places.tolist(), shoppers, known, strict=True):
            at = split.made_at(shopper)
            request = Request(Placement.HOME, longest, at, offer_bought_again=split.repeats)
            shelf = recommend(request, history, live)
            rows = [row_of.get(r.product.product_id, -1) for r in shelf.recommendations]
            lists[n, : len(rows)] = rows
            done += 1
            progress(done, count)
    return lists
