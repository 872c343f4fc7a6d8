"""What the shop wants of every shelf, whatever fills it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """The shop's own rules. Variants of one style never share a shelf: that is no choice."""

    most_per_brand: int = 0
    """Products of one brand on a shelf. 0: any number."""
    most_per_category: int = 0
    """Products of one category on a shelf: the deepest level of the first path. 0: any number."""
    exploration_share: float = 0.0
    """At most this share of a shelf goes to young products that few shoppers have met, so that
    what is new gets a chance to be liked."""
    exploration_days: float = 30.0
    """How long a product is young."""
