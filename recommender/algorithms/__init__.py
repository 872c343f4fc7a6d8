"""Ways to pick products, one function in one file each.

An algorithm scores every product of the live model, and can say what made each score. None: it
has nothing to say at all. What may be shown is not its business.
"""

from collections.abc import Callable, Mapping

from recommender.algorithms.because_you_viewed import because_you_viewed
from recommender.algorithms.bought_together import bought_together
from recommender.algorithms.buy_again import buy_again
from recommender.algorithms.newest import newest
from recommender.algorithms.next_basket import next_basket
from recommender.algorithms.personalized import personalized
from recommender.algorithms.popular import popular
from recommender.algorithms.recently_viewed import recently_viewed
from recommender.algorithms.similar import similar
from recommender.algorithms.trending import trending
from recommender.explain import Scores
from recommender.live_model import LiveModel
from recommender.placements import Strategy
from recommender.request import Request
from recommender.shopper import Shopper

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
