"""What can be held out. Light to import, for command lines."""

from enum import StrEnum


class SplitKind(StrEnum):
    """What is held out."""

    TEMPORAL = "temporal"
    NEXT_BASKET = "next-basket"
    LEAVE_LAST_OUT = "leave-last-out"
    RANDOM = "random"
    GIVEN = "given"
    COLD_PRODUCTS = "cold-products"
    COLD_SHOPPERS = "cold-shoppers"
