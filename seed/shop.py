"""A shop that could be real: a home and outdoor store, made up from a seed number."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from recommender.facts.catalog import Product
from recommender.facts.money import Money
from seed.shop_words import (
    COLOURS_OF_MATERIALS,
    LEAVES,
    MATERIALS,
    OPENINGS,
    OPENINGS_WHERE_CALLED,
    PICTURED,
    PLURAL_OPENINGS,
    STYLES,
    TASTED,
    TITLED,
    Brand,
    Leaf,
)

CURRENCY = "EUR"
NEW_PRODUCTS_FOR = timedelta(days=365)
"""What is not there on opening day arrives over this time."""

SHARE_THERE_ON_OPENING_DAY = 0.65
SHARE_IN_THE_STYLE_OF_ITS_BRAND = 0.75
SHARE_REDUCED = 0.14
SHARE_NOT_FOR_SALE = 0.03
MOST_COLOURS = 4
"""Of one product."""


def products(seed: int = 1, count: int = 2_400, *, opened: datetime) -> Iterator[Product]:
    """The shop's catalogue, product after product; the same for the same arguments.

    A smaller count gives the first products of a larger one. A shop that opened a year ago
    (see `NEW_PRODUCTS_FOR`) has had new arrivals up to today.

    Args:
        opened: UTC, when the shop began.
    """
    return islice(_endless_products(random.Random(seed), opened), count)


def picture_path(kind: str, colour: str) -> str:
    """Where on the server the picture of such products is.

    >>> picture_path("mug", "slate")
    '/media/demo/mug-slate.svg'
    """
    return f"/media/demo/{kind}-{colour}.svg"


def _endless_products(rng: random.Random, opened: datetime) -> Iterator[Product]:
    widths = [leaf.width for leaf in LEAVES]
    made = [0] * len(LEAVES)
    first_number = 1
    while True:
        (place,) = rng.choices(range(len(LEAVES)), widths)
        variants = _variants(rng, LEAVES[place], made[place], first_number, opened)
        yield from variants
        made[place] += 1
        first_number += len(variants)


def _variants(
    rng: random.Random, leaf: Leaf, made: int, first_number: int, opened: datetime
) -> list[Product]:
    """One product of a leaf in all its colours and sizes; `made` were there before it."""
    brands = leaf.brands
    # Like real brands, the first in the list has the most in the shop.
    (brand,) = rng.choices(brands, [1 / (place + 2) for place in range(len(brands))])
    style = brand.style
    if rng.random() > SHARE_IN_THE_STYLE_OF_ITS_BRAND:
        style = rng.choice(list(STYLES))
    material, noun = rng.choice(leaf.materials), rng.choice(leaf.nouns)
    # Counted and not drawn, so that a line comes back only after all the others.
    line = leaf.lines[(made * 11 + len(leaf.nouns[0])) % len(leaf.lines)]
    colours = _colours(rng, leaf, material, style)
    cents = leaf.euros * 100 * brand.level * rng.lognormvariate(0, 0.22)
    reduced_to = rng.choice((0.7, 0.75, 0.8, 0.85)) if rng.random() < SHARE_REDUCED else 1.0
    description = _description(rng, leaf, brand, style, material, line, noun)
    created_at = opened
    if rng.random() > SHARE_THERE_ON_OPENING_DAY:
        created_at += timedelta(seconds=int(rng.random() * NEW_PRODUCTS_FOR.total_seconds()))

    sizes = leaf.sizes
    if len(sizes) * len(colours) > 6:
        colours = colours[:2]
    group_id = f"{leaf.kind}-group-{first_number:05d}" if len(sizes) * len(colours) > 1 else None
    variants: list[Product] = []
    for colour in colours:
        for size, factor in sizes:
            number = first_number + len(variants)
            name = leaf.called.format(
                brand=brand.name,
                line=line,
                material=material if material[0].isupper() else material.title(),
                noun=noun,
                # Nobody says "Oak Bread Board, Oak".
                colour="" if colour == material else colour.title(),
            ).removesuffix(", ")
            full = _priced(cents * factor)
            price = _priced(full.minor_units * reduced_to) if reduced_to < 1 else full
            variants.append(
                Product(
                    product_id=f"{leaf.kind}-{number:05d}",
                    name=f"{name}, {size}" if size else name,
                    description=description,
                    brand=brand.name,
                    categories=(leaf.path,),
                    tags=_tags(leaf, style, material, colour),
                    attributes=_attributes(leaf, style, material, colour, size),
                    image_url=picture_path(leaf.kind, colour),
                    image_alt_text=f"{name}, drawn in {colour}",
                    price=price,
                    compare_at_price=full if price.minor_units < full.minor_units else None,
                    available_for_sale=rng.random() > SHARE_NOT_FOR_SALE,
                    item_group_id=group_id,
                    created_at=created_at,
                    updated_at=created_at,
                )
            )
    return variants


def _colours(rng: random.Random, leaf: Leaf, material: str, style: str) -> list[str]:
    """Those of the style first; only one where the colour is a wrapper's."""
    own = [c for c in leaf.colours if c in COLOURS_OF_MATERIALS.get(material, leaf.colours)]
    possible = own or list(leaf.colours)
    rng.shuffle(possible)
    possible.sort(key=lambda colour: colour not in STYLES[style])
    if leaf.called in (TASTED, TITLED, PICTURED):
        return possible[:1]
    return possible[: rng.choice((1, 1, 2, 2, 3, MOST_COLOURS))]


def _priced(cents: float) -> Money:
    """An amount as it stands on price tags: 8.90, 47.50, 289.00."""
    if cents < 20_00:
        return Money(max(1_90, round(cents / 50) * 50 - 10), CURRENCY)
    if cents < 100_00:
        return Money(round(cents / 250) * 250, CURRENCY)
    return Money(round(cents / 1000) * 1000 - 100, CURRENCY)


def _description(
    rng: random.Random, leaf: Leaf, brand: Brand, style: str, material: str, line: str, noun: str
) -> str:
    """Two to four sentences."""
    plural = noun.endswith("s") and not noun.endswith("ss")
    openings = OPENINGS_WHERE_CALLED.get(
        leaf.called, PLURAL_OPENINGS if plural else OPENINGS[style]
    )
    noun = noun.lower()
    opening = rng.choice(openings).format(
        line=line, noun=noun, a_noun=f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
    )
    use, another = rng.sample(leaf.uses, 2)
    more = rng.choice(
        (
            (use,),
            (use, MATERIALS[material]),
            (use, brand.story),
            (MATERIALS[material], use, brand.story),
            (use, another, MATERIALS[material]),
        )
    )
    return " ".join((opening[0].upper() + opening[1:], *more))


def _tags(leaf: Leaf, style: str, material: str, colour: str) -> tuple[str, ...]:
    tags = [leaf.department.lower(), style, material]
    if leaf.called != TASTED:
        tags.append(colour)
    if leaf.season:
        tags.append(leaf.season)
    if leaf.lasts_days:
        tags.append("consumable")
    return tuple(dict.fromkeys(tags))


def _attributes(
    leaf: Leaf, style: str, material: str, colour: str, size: str
) -> tuple[tuple[str, str], ...]:
    pairs = [("variety" if leaf.called == TASTED else "material", material), ("style", style)]
    if leaf.called != TASTED:
        pairs.append(("colour", colour))
    if size:
        pairs.append(("size", size))
    return tuple(pairs)
