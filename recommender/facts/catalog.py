"""What the shop sells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from recommender.facts.errors import InvalidInput
from recommender.facts.ids import checked_id
from recommender.facts.money import Money

CATEGORY_SEPARATOR = " > "
"""Between the levels of a category path, from the root: "Home > Kitchen > Mugs"."""

LONGEST_NAME = 500
LONGEST_DESCRIPTION = 20_000
LONGEST_LABEL = 200
"""Characters in a brand, a category path, a tag, an attribute's name or value."""
LONGEST_URL = 2_000
MOST_LABELS = 100
"""Categories, tags or attributes on one product."""


UNSAID = datetime(1970, 1, 1, tzinfo=UTC)
"""For a moment that the shop did not tell."""


@dataclass(frozen=True, slots=True)
class Product:
    """One thing to sell."""

    product_id: str
    """The shop's own id."""
    name: str
    description: str = ""
    brand: str | None = None
    categories: tuple[str, ...] = ()
    """Paths from the root, such as "Home > Kitchen > Mugs"."""
    tags: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    """Name and value. A name may come more than once: ("colour", "red"), ("colour", "blue")."""
    url: str | None = None
    image_url: str | None = None
    """Absolute, or a path on this server such as /media/mug.svg."""
    image_alt_text: str | None = None
    price: Money | None = None
    compare_at_price: Money | None = None
    """What it cost before it was reduced."""
    available_for_sale: bool = True
    item_group_id: str | None = None
    """Shared by the variants of one product: sizes, colours."""
    created_at: datetime = UNSAID
    """When the shop began to sell it."""
    updated_at: datetime = UNSAID
    """When we last heard of a change."""

    def __post_init__(self) -> None:
        checked_id("product_id", self.product_id)
        if self.item_group_id is not None:
            checked_id("item_group_id", self.item_group_id)
        if not self.name.strip():
            raise InvalidInput("name", "must not be empty")
        _no_longer_than("name", self.name, LONGEST_NAME)
        _no_longer_than("description", self.description, LONGEST_DESCRIPTION)
        _no_longer_than("brand", self.brand or "", LONGEST_LABEL)
        _no_longer_than("image_alt_text", self.image_alt_text or "", LONGEST_NAME)
        _check_labels("categories", self.categories)
        _check_labels("tags", self.tags)
        check_attributes(self.attributes)
        _web_address("url", self.url)
        _web_address("image_url", self.image_url)
        if (
            self.price
            and self.compare_at_price
            and self.price.currency != self.compare_at_price.currency
        ):
            raise InvalidInput(
                "compare_at_price", f"must be in {self.price.currency} like the price"
            )

    def same_as(self, other: "Product") -> bool:
        """Whether the shop says the same of both, whenever it said so."""
        return replace(self, updated_at=other.updated_at) == other


def category_levels(path: str) -> list[str]:
    """The path and all that lies above it, from the root.

    >>> category_levels("Home > Kitchen > Mugs")
    ['Home', 'Home > Kitchen', 'Home > Kitchen > Mugs']
    """
    steps = [step.strip() for step in path.split(CATEGORY_SEPARATOR.strip())]
    return [CATEGORY_SEPARATOR.join(steps[: n + 1]) for n in range(len(steps))]


def deepest_category(product: Product) -> str:
    """The deepest level of the product's first category path; "" where it has none."""
    return category_levels(product.categories[0])[-1] if product.categories else ""


def check_attributes(attributes: Iterable[tuple[str, str]]) -> None:
    """Refuse what cannot be attributes.

    Raises:
        InvalidInput: if there are too many, or a name or value is empty or too long.
    """
    _check_labels("attributes", tuple(text for pair in attributes for text in pair))


def _check_labels(name: str, labels: Sequence[str]) -> None:
    if len(labels) > MOST_LABELS:
        raise InvalidInput(name, f"must be at most {MOST_LABELS}, not {len(labels)}")
    for label in labels:
        if not label.strip():
            raise InvalidInput(name, "must not have an empty entry")
        _no_longer_than(name, label, LONGEST_LABEL)


def _no_longer_than(name: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise InvalidInput(name, f"must be at most {longest} characters, not {len(text)}")


def _web_address(name: str, url: str | None) -> None:
    """Refuse what a page must not link to, such as javascript: addresses."""
    if url is None:
        return
    _no_longer_than(name, url, LONGEST_URL)
    on_this_server = url.startswith("/") and not url.startswith("//")
    try:
        parts = urlsplit(url)
        absolute = parts.scheme in ("http", "https") and bool(parts.netloc)
    except ValueError:
        absolute = False
    if not (on_this_server or absolute):
        raise InvalidInput(name, f"must be an http(s) address, not {url[:80]!r}")
