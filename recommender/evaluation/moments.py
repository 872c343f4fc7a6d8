"""What was popular at the moment when a list is made.

Where lists are made at many moments of the past, one model is trained for all of them, which also
knows what sold since. Serving goes by what sells these days: so for each list it is counted anew,
from what came before.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation.splits import Split
from recommender.learning.interactions import EventTable
from recommender.learning.training import popular_after
from recommender.model.trained_model import TrainedModel
from recommender.serving.live_model import LiveModel

MOST_COUNTS = 50
"""As many shoppers share each. With Online Retail's last orders that is one for each third day in
the busy months."""

Places = NDArray[np.int64]
"""Of judged shoppers, in `Split.shoppers`."""


def counted(split: Split, places: Places) -> Iterator[tuple[EventTable, Places]]:
    """What is popular goes by these events, for the lists of these shoppers; then for the next."""
    if not split.counts_of_then or split.moments is None or not len(places):
        yield split.train, places
        return
    moments = split.moments[np.array(split.shoppers, np.int64)[places]]
    order = np.argsort(moments, kind="stable")
    for together in np.array_split(order, min(MOST_COUNTS, len(places))):
        # Nothing that came after any of these moments.
        before = split.train.where(split.train.at < moments[together].min())
        yield before, places[np.sort(together)]


def live_models(
    model: TrainedModel, split: Split, places: Places
) -> Iterator[tuple[LiveModel, Places]]:
    """The live model that makes the lists of these shoppers; then of the next.

    It is one object, which is counted anew when the next shoppers are asked for.

    Args:
        model: trained on the split.
        split: that says when lists are made.
        places: whose lists are wanted.
    """
    live = LiveModel(model, split.products.values())
    for events, of_these in counted(split, places):
        if events is not split.train:
            live.recount(popular_after(model, events.weighed_by(model.type_weights)))
        yield live, of_these
