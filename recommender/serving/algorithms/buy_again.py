"""What it is time to buy again."""

from collections.abc import Iterable, Sequence

import numpy as np

from recommender.facts.phrases import Phrase, Saying
from recommender.facts.request import ReasonKind, Request
from recommender.model.trained_model import Floats
from recommender.serving.explain import Part, Scores
from recommender.serving.live_model import LiveModel
from recommender.serving.rhythm import Due, due, due_parts
from recommender.serving.shopper import Shopper


def buy_again(request: Request, shopper: Shopper, live: LiveModel) -> Scores | None:
    """What the shopper bought, by how much it is due; nothing to say about anything else."""
    found = due(shopper.history.purchases, live, request.at)
    if not found.scores.any():
        return None
    values = np.full(len(live), -np.inf, np.float32)
    values[found.rows] = np.where(found.scores > 0, found.scores, -np.inf)
    place_of = {row: place for place, row in enumerate(found.rows.tolist())}

    def parts(row: int) -> list[Part]:
        return [time_to_buy_again(float(values[row]), found, place_of[row], live)]

    return Scores.of_each(values, parts)


def adding_what_is_due(scores: Scores, found: Due, weights: Floats, live: LiveModel) -> Scores:
    """The same scores, with how much each product is due added to them.

    Args:
        scores: of a shopper.
        found: what is due for them.
        weights: (len(DUE_PARTS),) of what is told of that.
        live: whose rows they are.
    """
    again = due_parts(found) @ weights
    values = scores.values.copy()
    values[found.rows] += again
    place_of = {row: place for place, row in enumerate(found.rows.tolist())}

    def parts_of(rows: Sequence[int]) -> Iterable[Iterable[Part]]:
        for row, parts in zip(rows, scores.parts_of(rows), strict=True):
            place = place_of.get(row)
            due_again = (
                []
                if place is None
                else [time_to_buy_again(float(again[place]), found, place, live)]
            )
            yield [*parts, *due_again]

    return Scores(values, parts_of)


def time_to_buy_again(contribution: float, found: Due, place: int, live: LiveModel) -> Part:
    """The reason to buy what stands in a place of what is due."""
    times, days = int(found.times[place]), round(float(found.days_ago[place]))
    phrase = Phrase(Saying.BOUGHT_BEFORE, (times, days))
    product = live.products[int(found.rows[place])]
    return Part(contribution, ReasonKind.TIME_TO_BUY_AGAIN, phrase, product)
