"""Ways to pick products, one function in one file each.

An algorithm scores every product of the live model, and can say what made each score. None: it
has nothing to say at all. What may be shown is not its business.
"""

from collections.abc import Callable, Mapping

from recommender.facts.placements import Strategy
from recommender.facts.request import Request
from recommender.serving.algorithms.because_you_viewed import because_you_viewed
from recommender.serving.algorithms.bought_together import bought_together
from recommender.serving.algorithms.buy_again import buy_again
from recommender.serving.algorithms.newest import newest
from recommender.serving.algorithms.next_basket import next_basket
from recommender.serving.algorithms.personalized import personalized
from recommender.serving.algorithms.popular import popular
from recommender.serving.algorithms.recently_viewed import recently_viewed
from recommender.serving.algorithms.similar import similar
from recommender.serving.algorithms.trending import trending
from recommender.serving.explain import Scores
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import Shopper

Algorithm = Callable[[Request, Shopper, LiveModel], Scores | None]

ALGORITHMS: Mapping[Strategy, Algorithm] = {
    Strategy.PERSONALIZED: personalized,
    Strategy.SIMILAR: similar,
    Strategy.BOUGHT_TOGETHER: bought_together,
    Strategy.BECAUSE_YOU_VIEWED: because_you_viewed,
    Strategy.TRENDING: trending,
    Strategy.POPULAR: popular,
    Strategy.NEWEST: newest,
    Strategy.RECENTLY_VIEWED: recently_viewed,
    Strategy.BUY_AGAIN: buy_again,
    Strategy.NEXT_BASKET: next_basket,
}
