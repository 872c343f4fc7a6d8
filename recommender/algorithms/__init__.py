"""Ways to pick products, one function in one file each.

An algorithm scores every product of the live model, and can say what made each score. None: it
has nothing to say at all. What may be shown is not its business.
"""

from collections.abc import Callable, Mapping

from recommender.algorithms.newest import newest
from recommender.algorithms.personalized import personalized
from recommender.algorithms.popular import popular
from recommender.algorithms.similar import similar
from recommender.explain import Scores
from recommender.fold_in import Taste
from recommender.live_model import LiveModel
from recommender.placements import Strategy
from recommender.request import Request

Algorithm = Callable[[Request, Taste | None, LiveModel], Scores | None]

ALGORITHMS: Mapping[Strategy, Algorithm] = {
    Strategy.PERSONALIZED: personalized,
    Strategy.SIMILAR: similar,
    Strategy.POPULAR: popular,
    Strategy.NEWEST: newest,
}
