"""What can be said of a product, in the languages of shops."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Value = str | int


class Saying(StrEnum):
    """Something a reason says, and about what."""

    BECAUSE_YOU_BOUGHT = "because_you_bought"
    """Name of a product, how many more."""
    BECAUSE_YOU_LIKED = "because_you_liked"
    """Name of a product, how many more."""
    BECAUSE_YOU_VIEWED = "because_you_viewed"
    """Name of a product, how many more."""
    UNLIKE = "unlike"
    """Name of a product, how many more."""
    YOU_BOUGHT_IT = "you_bought_it"
    YOU_LIKED_IT = "you_liked_it"
    YOU_VIEWED_IT = "you_viewed_it"
    BOUGHT_BEFORE = "bought_before"
    """How many times, how many days ago last."""
    SIMILAR_TO = "similar_to"
    """Name of a product."""
    BOUGHT_WITH = "bought_with"
    """Name of a product."""
    TRENDING = "trending"
    POPULAR = "popular"
    NEW = "new"
    BOOSTED = "boosted"
    MATCHES_SEARCH = "matches_search"
    SHOPPERS_LIKE_YOU = "shoppers_like_you"
    """Name and value of an attribute."""
    LIKES_CATEGORY = "likes_category"
    """A category."""
    LIKES_BRAND = "likes_brand"
    """A brand."""
    LIKES_TAG = "likes_tag"
    """A tag."""
    LIKES_WORD = "likes_word"
    LIKES_PRICE = "likes_price"
    SAME_CATEGORY = "same_category"
    """A category."""
    SAME_BRAND = "same_brand"
    """A brand."""
    SAME_TAG = "same_tag"
    """A tag."""
    SAME_WORD = "same_word"
    """A word."""
    SAME_PRICE = "same_price"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A saying about certain things, which can be put in every language we speak."""

    saying: Saying
    values: tuple[Value, ...] = ()

    def text(self, locale: str = "en") -> str:
        """A short sentence for a page.

        >>> Phrase(Saying.BECAUSE_YOU_BOUGHT, ("Mug", 2)).text()
        'Because you bought Mug and 2 more'
        >>> Phrase(Saying.BECAUSE_YOU_BOUGHT, ("Mug", 2)).text("de-AT")
        'Weil Sie Mug und 2 weitere Produkte gekauft haben'

        Args:
            locale: such as "de" or "de-AT". English where we do not speak the language.
        """
        language = LANGUAGES.get(locale.replace("_", "-").partition("-")[0].lower(), _ENGLISH)
        return language.say(self)


@dataclass(frozen=True, slots=True)
class Language:
    """How one language says it all."""

    sayings: Mapping[Saying, str]
    one_more: str
    """After the name of a product."""
    more: str
    """The same for several."""
    times: Mapping[int, str]
    many_times: str
    days_ago: Mapping[int, str]
    many_days_ago: str
    last: str
    """Before when something was last done."""

    def say(self, phrase: Phrase) -> str:
        """The sentence."""
        saying, values = phrase.saying, phrase.values
        if saying in _NAMES_MORE:
            name, others = values
            more = self.one_more if others == 1 else self.more.format(others)
            values = (f"{name}{more}" if others else name,)
        elif saying is Saying.BOUGHT_BEFORE:
            times, days = map(int, values)
            often = self.times.get(times, self.many_times.format(times))
            when = self.days_ago.get(days, self.many_days_ago.format(days))
            values = often, when if times == 1 else self.last.format(when)
        return self.sayings[saying].format(*values)


_NAMES_MORE = frozenset(
    {
        Saying.BECAUSE_YOU_BOUGHT,
        Saying.BECAUSE_YOU_LIKED,
        Saying.BECAUSE_YOU_VIEWED,
        Saying.UNLIKE,
    }
)

_ENGLISH = Language(
    sayings={
        Saying.BECAUSE_YOU_BOUGHT: "Because you bought {}",
        Saying.BECAUSE_YOU_LIKED: "Because you liked {}",
        Saying.BECAUSE_YOU_VIEWED: "Because you looked at {}",
        Saying.UNLIKE: "Unlike {}",
        Saying.YOU_BOUGHT_IT: "You bought it",
        Saying.YOU_LIKED_IT: "You liked it",
        Saying.YOU_VIEWED_IT: "You looked at it",
        Saying.BOUGHT_BEFORE: "You bought it {}, {}",
        Saying.SIMILAR_TO: "Similar to {}",
        Saying.BOUGHT_WITH: "Often in the same basket as {}",
        Saying.TRENDING: "More and more shoppers take to it",
        Saying.POPULAR: "Popular in this shop",
        Saying.NEW: "New in this shop",
        Saying.BOOSTED: "Boosted by the shop",
        Saying.MATCHES_SEARCH: "Matches what you searched for",
        Saying.SHOPPERS_LIKE_YOU: "Popular with shoppers like you ({}: {})",
        Saying.LIKES_CATEGORY: "You seem to like {}",
        Saying.LIKES_BRAND: "You seem to like the brand {}",
        Saying.LIKES_TAG: "You seem to like things that are {}",
        Saying.LIKES_WORD: "Its name is like those of things you took to",
        Saying.LIKES_PRICE: "It costs what you usually spend",
        Saying.SAME_CATEGORY: "Also in {}",
        Saying.SAME_BRAND: "Also by {}",
        Saying.SAME_TAG: "Also {}",
        Saying.SAME_WORD: 'Also "{}"',
        Saying.SAME_PRICE: "About the same price",
    },
    one_more=" and 1 more",
    more=" and {} more",
    times={1: "once", 2: "twice"},
    many_times="{} times",
    days_ago={0: "today", 1: "yesterday"},
    many_days_ago="{} days ago",
    last="last {}",
)
_GERMAN = Language(
    sayings={
        Saying.BECAUSE_YOU_BOUGHT: "Weil Sie {} gekauft haben",
        Saying.BECAUSE_YOU_LIKED: "Weil Ihnen {} gefallen hat",
        Saying.BECAUSE_YOU_VIEWED: "Weil Sie {} angesehen haben",
        Saying.UNLIKE: "Anders als {}",
        Saying.YOU_BOUGHT_IT: "Sie haben es gekauft",
        Saying.YOU_LIKED_IT: "Es hat Ihnen gefallen",
        Saying.YOU_VIEWED_IT: "Sie haben es angesehen",
        Saying.BOUGHT_BEFORE: "Sie haben es {} gekauft, {}",
        Saying.SIMILAR_TO: "Ähnlich wie {}",
        Saying.BOUGHT_WITH: "Oft im selben Einkaufskorb wie {}",
        Saying.TRENDING: "Immer mehr Kunden mögen es",
        Saying.POPULAR: "Beliebt in diesem Shop",
        Saying.NEW: "Neu in diesem Shop",
        Saying.BOOSTED: "Vom Shop hervorgehoben",
        Saying.MATCHES_SEARCH: "Passt zu Ihrer Suche",
        Saying.SHOPPERS_LIKE_YOU: "Beliebt bei Kunden wie Ihnen ({}: {})",
        Saying.LIKES_CATEGORY: "Sie scheinen {} zu mögen",
        Saying.LIKES_BRAND: "Sie scheinen die Marke {} zu mögen",
        Saying.LIKES_TAG: "Sie scheinen zu mögen, was so ist: {}",
        Saying.LIKES_WORD: "Heißt ähnlich wie etwas, das Ihnen zusagt",
        Saying.LIKES_PRICE: "Kostet so viel, wie Sie meist ausgeben",
        Saying.SAME_CATEGORY: "Auch in {}",
        Saying.SAME_BRAND: "Auch von {}",
        Saying.SAME_TAG: "Auch {}",
        Saying.SAME_WORD: "Auch „{}“",
        Saying.SAME_PRICE: "Kostet etwa gleich viel",
    },
    one_more=" und 1 weiteres Produkt",
    more=" und {} weitere Produkte",
    times={1: "einmal", 2: "zweimal"},
    many_times="{}-mal",
    days_ago={0: "heute", 1: "gestern"},
    many_days_ago="vor {} Tagen",
    last="zuletzt {}",
)

LANGUAGES: Mapping[str, Language] = {"en": _ENGLISH, "de": _GERMAN}
"""By the first part of a locale."""
