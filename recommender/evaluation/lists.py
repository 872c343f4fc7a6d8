"""What shoppers would have been shown, by the engine that serves."""

from collections.abc import Callable

import numpy as np

from recommender.evaluation.metrics import CUTOFFS, Lists
from recommender.evaluation.splits import Split, histories
from recommender.facts.placements import Placement
from recommender.facts.request import Request
from recommender.model.trained_model import TrainedModel
from recommender.serving.engine import recommend
from recommender.serving.live_model import LiveModel


def engine_lists(
    model: TrainedModel,
    split: Split,
    history_length: int,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    longest: int = max(CUTOFFS),
) -> Lists:
    """What shoppers would have been shown, by the engine that serves."""
    live = LiveModel(model, split.products.values())
    row_of = {p: row for row, p in enumerate(split.train.products)}
    lists = np.full((len(split.shoppers), longest), -1, np.int32)
    for n, history in enumerate(histories(split.known, split.shoppers, history_length)):
        at = split.made_at(split.shoppers[n])
        request = Request(Placement.HOME, longest, at, offer_bought_again=split.repeats)
        shelf = recommend(request, history, live)
        rows = [row_of.get(r.product.product_id, -1) for r in shelf.recommendations]
        lists[n, : len(rows)] = rows
        progress(n + 1, len(split.shoppers))
    return lists
