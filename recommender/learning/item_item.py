"""Which products lead to which: item-item weights by EASE, by BM25 where a catalogue is large."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from recommender.facts.ids import Rows
from recommender.model.trained_model import Floats

MOST_NEIGHBOURS = 100
"""Of each product. As good as all of them, or better."""
LARGEST_EASE = 8_000
"""Products up to which EASE is solved: its time grows with the cube, its memory with the square
(2 GB beyond this). A larger catalogue gets BM25."""
SHRINKAGE = 200.0
"""EASE's L2."""
BM25_NEIGHBOURS = 50
"""Of each product of a large catalogue. With 100 lists were no better."""
BM25_K1, BM25_B = 1.2, 0.5
BLOCK = 1_000
"""Products compared at once: memory does not grow with the square of the catalogue."""


class Neighbours(NamedTuple):
    """The strongest neighbours of each product."""

    rows: Rows
    """(n_products, n_neighbours)"""
    weights: Floats
    """(n_products, n_neighbours) how strongly one who took to the product takes to the neighbour;
    negative: rather not. Zero where there are fewer."""


def neighbours(interactions: sparse.csr_matrix, l2: float = SHRINKAGE) -> Neighbours:
    """Learn from who took to what.

    Args:
        interactions: (n_shoppers, n_products) strengths of 0 to 1. Their roots are used, so that
            old acts fade slowly.
        l2: of EASE.
    """
    matrix = interactions.sqrt().tocsr()
    n = matrix.shape[1]
    count = min(MOST_NEIGHBOURS, max(n - 1, 0))
    if n <= LARGEST_EASE:
        return _strongest(_ease(matrix, l2), count)
    columns = _bm25(matrix).tocsc()
    rows, weights = [], []
    for start in range(0, n, BLOCK):
        block = (columns[:, start : start + BLOCK].T @ columns).toarray()
        block[np.arange(len(block)), start + np.arange(len(block))] = 0
        found = _strongest(block, min(BM25_NEIGHBOURS, count))
        rows.append(found.rows)
        weights.append(found.weights)
    return Neighbours(np.concatenate(rows), np.concatenate(weights))


def _bm25(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Products as documents, shoppers as their words (Robertson and Zaragoza 2009).

    Who takes to everything says little, and a product that everybody takes to is a long document.
    """
    n_products = matrix.shape[1]
    met = np.diff(matrix.indptr)
    rarity = np.log1p(n_products) - np.log1p(met)
    length = np.asarray(matrix.sum(axis=0)).ravel()
    normal = 1 - BM25_B + BM25_B * length / max(float(length.mean()), 1e-9)
    weighted = matrix.copy()
    saturated = (BM25_K1 + 1) * matrix.data / (BM25_K1 * normal[matrix.indices] + matrix.data)
    weighted.data = (saturated * np.repeat(rarity, met)).astype(np.float32)
    return weighted


def _ease(matrix: sparse.csr_matrix, l2: float) -> NDArray[np.float32]:
    """Embarrassingly shallow autoencoder (Steck 2019, arXiv:1905.03375), in closed form."""
    gram = (matrix.T @ matrix).toarray()
    gram[np.diag_indices_from(gram)] += l2
    # The inverse of a symmetric positive definite matrix, in place.
    inverse = linalg.inv(gram, overwrite_a=True, check_finite=False, assume_a="pos")
    weights: NDArray[np.float32] = (inverse / -np.diag(inverse)).astype(np.float32)
    weights[np.diag_indices_from(weights)] = 0
    return weights


def _strongest(weights: NDArray[np.float32], count: int) -> Neighbours:
    """The largest of each row, whichever their sign."""
    if not count:
        empty = np.zeros((len(weights), 0))
        return Neighbours(empty.astype(np.int32), empty.astype(np.float32))
    rows = np.argpartition(-np.abs(weights), count - 1, axis=1)[:, :count].astype(np.int32)
    rows.sort(axis=1)
    return Neighbours(rows, np.take_along_axis(weights, rows, axis=1).astype(np.float32))
