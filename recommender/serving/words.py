"""Search: which products have the words of a query, and how well.

Each word of the query is met by the word itself, by words that begin with it, and, where there is
neither, by words that are one slip of the finger away. Found is what meets as many words of the
query as any product does: all of them, if possible.
"""

import re
import unicodedata
from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from heapq import nlargest
from math import log2
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.facts.catalog import Product

MOST_WORDS = 12
"""Words of a query that count."""
MOST_ENDINGS = 50
"""Words that begin like one of the query and are looked at: those that most products have."""

NAME, LABEL, VALUE, DESCRIPTION = 8.0, 4.0, 3.0, 1.0
"""What a word counts in the name; in brand, category or tag; in an attribute's value; and in the
description."""
SATURATION = 4.0
"""A product with this much of a word gets half of what it could get for it at most, as in BM25."""
NAME_LENGTH, DESCRIPTION_LENGTH = 6, 40
"""Usual numbers of words. In a longer text each word counts less."""
SHARE_OF_LENGTH = 0.4
"""How much that matters."""

WHOLE, SINGULAR, BEGINNING, SLIP = 1.0, 0.9, 0.7, 0.4
"""How much is left of what a word counts when it is met that way."""
SHORTEST_BEGINNING = 3
"""Letters. Only the last word of a query may be a shorter beginning: it may be half typed."""
SHORTEST_WITH_SLIP = 4
"""Letters. Nearly every shorter word is one slip away from another."""
LAST_LETTER = chr(0x10FFFF)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
DIGITS_KEPT = 2
"""Of a score: what differs less is as good, and popularity decides."""
TIDIED_AT_ONCE = 2
"""Words, with every product that changes its own."""

_WORD = re.compile(r"[^\W_]+")
_MARKS = re.compile("[\u0300-\u036f]")
"""What turns e into é, once they are apart."""


def folded(text: str) -> str:
    """Without capitals and accents, so that what looks alike is alike.

    >>> folded("Crème BRÛLÉE")
    'creme brulee'
    """
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def words_in(text: str) -> list[str]:
    """The words of a text.

    >>> words_in("Oak bread-board, 30 x 40 cm")
    ['oak', 'bread', 'board', '30', 'x', '40', 'cm']
    """
    return _WORD.findall(folded(text))


class WordIndex:
    """The words of all products. Kept current by `put` and `remove`.

    Each time the words of a product change it gets a new number, and they are filed under that: a
    change is an addition. What is filed under old numbers is never found, and is thrown away bit by
    bit, so that nobody waits for it.
    """

    def __init__(self, products: Iterable[tuple[int, Product]] = ()) -> None:
        self._texts: dict[int, Texts] = {}
        self._number_of: dict[int, int] = {}
        self._row_at = array("q")
        """By number; -1 for an old one."""
        self._filed: dict[str, Filed] = {}
        self._sorted: list[str] | None = None
        self._to_tidy: Iterator[str] = iter(())
        for row, product in products:
            self.put(row, product)

    def put(self, row: int, product: Product) -> None:
        """Find the product by the words it has now."""
        texts = _texts(product)
        if self._texts.get(row) == texts:
            return
        self.remove(row)
        number = len(self._row_at)
        self._row_at.append(row)
        self._number_of[row] = number
        self._texts[row] = texts
        for word, weight in _weights(texts).items():
            filed = self._filed.get(word)
            if filed is None:
                filed = self._filed[word] = Filed(array("q"), array("f"))
                if self._sorted is not None:
                    insort(self._sorted, word)
            filed.numbers.append(number)
            filed.weights.append(weight / (weight + SATURATION))

    def remove(self, row: int) -> None:
        """Find the product no more."""
        if (number := self._number_of.pop(row, None)) is not None:
            del self._texts[row]
            self._row_at[number] = -1
            self._tidy()

    def scores(self, query: str, count: int) -> NDArray[np.float64]:
        """(count,) how well each row answers the query; 0 where it does not at all.

        A score depends on the product and the query, and hardly on other products: rarity counts
        in steps, so that a page of results goes on where the last one ended.
        """
        words = list(dict.fromkeys(words_in(query)))[:MOST_WORDS]
        scores, met = np.zeros(count), np.zeros(count, np.int64)
        for word in words:
            found = self._met_by(word, word == words[-1], count)
            rows = np.flatnonzero(found)
            scores[rows] += found[rows] * _rarity(len(rows), len(self._number_of))
            met[rows] += 1
        scores[met < met.max(initial=0)] = 0
        return scores.round(DIGITS_KEPT)

    def _met_by(self, word: str, is_last: bool, count: int) -> NDArray[np.float64]:
        """(count,) how much of one word of the query each row has."""
        # One more, where -1 leads: there goes what is filed under old numbers.
        found = np.zeros(count + 1)
        row_at = np.frombuffer(self._row_at, np.int64)
        for known, closeness in self._like(word, is_last).items():
            filed = self._filed[known]
            rows = row_at[np.frombuffer(filed.numbers, np.int64)]
            np.maximum.at(found, rows, closeness * np.frombuffer(filed.weights, np.float32))
        return found[:-1]

    def _like(self, word: str, is_last: bool) -> dict[str, float]:
        """Known words that meet a word of the query, and how closely."""
        like: dict[str, float] = {}
        if is_last or len(word) >= SHORTEST_BEGINNING:
            like.update(dict.fromkeys(self._beginning_with(word), BEGINNING))
        if word.endswith("s") and len(word) > SHORTEST_BEGINNING and word[:-1] in self._filed:
            like[word[:-1]] = SINGULAR
        if word in self._filed:
            like[word] = WHOLE
        if not like and len(word) >= SHORTEST_WITH_SLIP:
            like = dict.fromkeys(sorted(_one_slip_from(word) & self._filed.keys()), SLIP)
        return like

    def _beginning_with(self, word: str) -> list[str]:
        if self._sorted is None:
            self._sorted = sorted(self._filed)
        start = bisect_left(self._sorted, word)
        end = bisect_left(self._sorted, word + LAST_LETTER)
        return nlargest(
            MOST_ENDINGS, self._sorted[start:end], key=lambda known: len(self._filed[known].numbers)
        )

    def _tidy(self) -> None:
        """Throw away what a few of the words file under old numbers."""
        for _ in range(TIDIED_AT_ONCE):
            word = next(self._to_tidy, None)
            if word is None:
                self._to_tidy = iter(list(self._filed))
                return
            self._filed[word] = filed = self._filed[word].without_old(self._row_at)
            if not filed.numbers:
                del self._filed[word]
                if self._sorted is not None:
                    del self._sorted[bisect_left(self._sorted, word)]


class Filed(NamedTuple):
    """What has one word."""

    numbers: "array[int]"
    """Of products, old ones too."""
    weights: "array[float]"
    """How much of the word each has, from 0 to 1."""

    def without_old(self, row_at: "array[int]") -> "Filed":
        """The same without old numbers."""
        numbers, weights = (np.frombuffer(of_it, of_it.typecode) for of_it in self)
        kept = np.frombuffer(row_at, np.int64)[numbers] >= 0
        if kept.all():
            return self
        return Filed(array("q", numbers[kept].tobytes()), array("f", weights[kept].tobytes()))


class Texts(NamedTuple):
    """All that is said of a product in words."""

    name: str
    labels: tuple[str, ...]
    values: tuple[str, ...]
    description: str


def _texts(product: Product) -> Texts:
    labels = product.brand or "", *product.categories, *product.tags
    values = tuple(value for _, value in product.attributes)
    return Texts(product.name, labels, values, product.description)


def _weights(texts: Texts) -> dict[str, float]:
    """How much of each of its words a product has."""
    weights: dict[str, float] = {}
    for text, weight, usual_length in (
        (texts.name, NAME, NAME_LENGTH),
        (" ".join(texts.labels), LABEL, None),
        (" ".join(texts.values), VALUE, None),
        (texts.description, DESCRIPTION, DESCRIPTION_LENGTH),
    ):
        words = words_in(text)
        if usual_length:
            weight /= 1 - SHARE_OF_LENGTH + SHARE_OF_LENGTH * len(words) / usual_length
        for word in words:
            weights[word] = weights.get(word, 0.0) + weight
    return weights


def _rarity(met_by: int, of: int) -> float:
    """What a word tells: in steps, since scores must not change with every product that comes."""
    return 1 + round(log2(1 + of / max(met_by, 1)))


def _one_slip_from(word: str) -> set[str]:
    """A letter missing, doubled or changed, or two in the wrong order."""
    halves = [(word[:n], word[n:]) for n in range(len(word) + 1)]
    found = {a + b[1:] for a, b in halves if b}
    found |= {a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1}
    found |= {a + c + b[1:] for a, b in halves if b for c in LETTERS}
    found |= {a + c + b for a, b in halves for c in LETTERS}
    return found
