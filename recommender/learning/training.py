"""Matrices -> TrainedModel. LightFM is imported here and nowhere else."""

import math
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from scipy import sparse
from sklearn.preprocessing import normalize

with warnings.catch_warnings():
    # Built without OpenMP it warns; one thread is our default anyway.
    warnings.filterwarnings("ignore", message="LightFM was compiled without OpenMP")
    from lightfm import LightFM

from recommender.facts.catalog import Product, deepest_category
from recommender.facts.errors import NotEnoughData
from recommender.learning.baskets import basket_matrix, partners
from recommender.learning.interactions import (
    EventTable,
    age_days,
    interaction_matrix,
    popularity,
)
from recommender.learning.item_item import neighbours
from recommender.learning.rhythm_learning import learn_rhythm
from recommender.learning.shopper_attributes_learning import learn_tastes
from recommender.model.features import FeatureSpace, strongest
from recommender.model.trained_model import Floats, TrainedModel

FEWEST_SHOPPERS = 2
FEWEST_PRODUCTS = 3
FEWEST_PAIRS = 10
"""Below these there is nothing to learn from, and LightFM would only repeat chance."""
ENOUGH_STEPS = 220
"""Pairs per product that LightFM learns from in all of its epochs, one pair as often as it comes. A
shop with fewer has up to twice as many epochs: with 10,000 shoppers and 15,000 products NDCG@10 of
LightFM was 0.059 after 110 and 0.066 after 220."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """How to learn. The defaults were found on earlier windows of real shops' data."""

    factors: int = 64
    epochs: int = 10
    """Twice as many where a shop has few acts per product (`enough_epochs`)."""
    learning_rate: float = 0.05
    l2: float = 5e-4
    """On shopper and product embeddings. Two to four times as much lets them collapse."""
    l2_without_features: float = 1e-4
    """The same, for a shop whose products have no attributes."""
    max_sampled: int = 100
    """Products tried in search of one that is ranked too high (WARP)."""
    half_life_days: float = 30.0
    """Age at which an act counts half for taste."""
    popularity_half_life_days: float = 15.0
    """Age at which an act counts half for popularity."""
    lasting_half_life_days: float = 60.0
    """The same for lasting popularity, and for which products lead to which."""
    neighbours_l2: float = 200.0
    """On which products lead to which (EASE)."""
    seed: int = 1


Watch = Callable[[int, Sequence[str], Floats, Floats], None]
"""Called with the epochs done, and the ids, vectors and biases of the products so far."""


def train(
    table: EventTable,
    products: Mapping[str, Product],
    *,
    version: str,
    trained_at: datetime,
    parameters: Parameters | None = None,
    threads: int = 1,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    watch: Watch | None = None,
) -> TrainedModel:
    """Learn vectors by LightFM with the WARP loss (Weston et al. 2011; Kula 2015).

    Args:
        table: what shoppers did.
        products: the catalogue by id. Events on anything else teach nothing.
        version: the model's name.
        trained_at: UTC.
        parameters: None for the defaults.
        threads: of LightFM. With one, the same events give the same model to the last bit.
        progress: called after each epoch with the epochs done and their number.
        watch: called after each epoch with what was learned so far. It may raise to end it.

    Raises:
        NotEnoughData: saying what there is and what is needed.
    """
    parameters = parameters or Parameters()
    strengths = interaction_matrix(table, parameters.half_life_days).tocsr()
    in_catalogue = np.array([p in products for p in table.products], bool)
    met = in_catalogue & (np.diff(strengths.tocsc().indptr) > 0)
    columns = np.flatnonzero(met)
    strengths = strengths[:, columns]
    taught_by = np.flatnonzero(np.diff(strengths.indptr))
    strengths = strengths[taught_by]
    shoppers, n_products = strengths.shape
    if shoppers < FEWEST_SHOPPERS or n_products < FEWEST_PRODUCTS or strengths.nnz < FEWEST_PAIRS:
        raise NotEnoughData(
            f"There is too little to learn from: {shoppers} shoppers with {strengths.nnz} "
            f"products they took to, {n_products} of the catalogue's {len(products)} products "
            f"among them. It takes {FEWEST_SHOPPERS} shoppers, {FEWEST_PRODUCTS} products and "
            f"{FEWEST_PAIRS} pairs. Send events, or import some: python -m seed --help"
        )
    lasting = interaction_matrix(table, parameters.lasting_half_life_days).tocsr()[:, columns]
    product_ids = [table.products[column] for column in columns.tolist()]
    space = FeatureSpace.of(list(products.values()))
    attributes = attribute_matrix(space, (products[p] for p in product_ids))
    # An identity as long as all attributes together; rows of length one.
    features = normalize(sparse.hstack([sparse.identity(n_products), attributes], format="csr"))
    l2 = parameters.l2 if attributes.nnz else parameters.l2_without_features
    weights = strengths.tocoo().astype(np.float32)
    # Of mean 1, so that the balance between learning and L2 does not hang on how old a shop's
    # events are: with plain decayed weights L2 won (NDCG@10 0.088 against 0.1145).
    weights.data /= weights.data.mean()
    chances, weights.data = thinned(weights.data)
    lightfm = LightFM(
        no_components=parameters.factors,
        loss="warp",
        learning_rate=parameters.learning_rate,
        item_alpha=l2,
        user_alpha=l2,
        max_sampled=parameters.max_sampled,
        random_state=parameters.seed,
    )
    random = np.random.default_rng(parameters.seed)
    positives = weights.copy()
    epochs = enough_epochs(parameters.epochs, float(chances.sum()) / n_products)
    for epoch in range(epochs):
        # LightFM skips pairs of 0, and still knows them as no negatives.
        positives.data = (random.random(len(chances)) < chances).astype(np.float32)
        lightfm.fit_partial(
            positives,
            sample_weight=weights,
            item_features=features.astype(np.float32),
            epochs=1,
            num_threads=threads,
        )
        progress(epoch + 1, epochs)
        if watch:
            watch(
                epoch + 1,
                product_ids,
                features @ lightfm.item_embeddings,
                features @ lightfm.item_biases,
            )

    near = neighbours(lasting, parameters.neighbours_l2)
    said = [table.shopper_attributes.get(table.shoppers[n], ()) for n in taught_by.tolist()]
    tastes = learn_tastes(said, strengths, features @ lightfm.item_embeddings)
    together = partners(basket_matrix(table)[:, columns])
    rhythm = learn_rhythm(
        table,
        [deepest_category(products[p]) if p in products else "" for p in table.products],
    )
    described = [
        strongest(attributes.indices[start:end], attributes.data[start:end])
        for start, end in pairwise(attributes.indptr.tolist())
    ]
    trained = np.asarray(attributes.sum(axis=0)).ravel() > 0
    identity, attribute = features[:, :n_products], features[:, n_products:]
    biases = features @ lightfm.item_biases
    return TrainedModel(
        version=version,
        trained_at=trained_at,
        known_until=datetime.fromtimestamp(table.newest / 1000, UTC),
        product_ids=product_ids,
        product_vectors=(features @ lightfm.item_embeddings).astype(np.float32),
        product_biases=biases.astype(np.float32),
        popularity=popularity_these_days(table, parameters)[columns],
        lasting_popularity=popularity(table, parameters.lasting_half_life_days)[columns],
        age_days=age_days(table)[columns],
        neighbours=near.rows,
        neighbour_weights=near.weights,
        partners=together.rows,
        partner_strength=together.strength,
        partner_support=together.support,
        partner_lift=together.lift,
        repeat_chances=rhythm.chances[columns],
        repeat_gap_days=rhythm.gap_days[columns],
        attributes=np.stack([rows for rows, _ in described]),
        attribute_values=np.stack([values for _, values in described]),
        feature_space=space,
        # A feature that no trained product has still holds its random start: it must not speak.
        feature_vectors=lightfm.item_embeddings[n_products:] * trained[:, None],
        feature_biases=lightfm.item_biases[n_products:] * trained,
        shopper_space=tastes.space,
        shopper_vectors=tastes.of_features,
        typical_taste=tastes.typical,
        type_weights=table.type_weights,
        new_product_bias=float(np.mean(identity @ lightfm.item_biases[:n_products])),
        parameters={
            **asdict(parameters),
            "l2": l2,
            "epochs": epochs,
            "shoppers": shoppers,
            "products": n_products,
            "pairs": int(strengths.nnz),
            "events": len(table),
            "attribute_features": int(attribute.shape[1]),
            "shopper_features": len(tastes.space),
            "processors": os.cpu_count(),
        },
    )


def recounted(model: TrainedModel, table: EventTable, parameters: Parameters) -> TrainedModel:
    """The same vectors with what is counted or solved beside them: as if `train` had found these.

    Args:
        model: trained on this table, with parameters that differ in nothing that LightFM goes by.
        table: what shoppers did.
        parameters: to count by.
    """
    lasting = interaction_matrix(table, parameters.lasting_half_life_days).tocsr()
    near = neighbours(lasting[:, _columns_of(model, table)], parameters.neighbours_l2)
    found = replace(
        model,
        neighbours=near.rows,
        neighbour_weights=near.weights,
        parameters={**model.parameters, **asdict(parameters), "l2": model.parameters["l2"]},
    )
    return popular_after(found, table)


def thinned(weights: Floats) -> tuple[Floats, Floats]:
    """What counts little is learned from in few epochs, and counts 1 there: as much on average, for
    less work (Horvitz and Thompson 1952). What counts 1 or more is learned from in each.

    LightFM takes as long over a pair that counts a hundredth as over any other. Its L2 acts in each
    step: made larger as steps get fewer, it wiped out what is known of products of long ago.

    Args:
        weights: (n_pairs,) of mean 1.

    Returns:
        (n_pairs,) the chances to be learned from in an epoch, and (n_pairs,) the weights there.
    """
    return np.minimum(weights, 1), np.maximum(weights, 1)


def enough_epochs(epochs: int, steps: float) -> int:
    """The epochs, and up to twice as many where each has so few steps per product."""
    return max(epochs, min(2 * epochs, math.ceil(ENOUGH_STEPS / steps)))


def popular_after(model: TrainedModel, table: EventTable) -> TrainedModel:
    """The same model, with what is popular counted from these events alone.

    Args:
        model: trained on a table of the same products.
        table: what shoppers did up to some moment.
    """
    columns = _columns_of(model, table)
    parameters = Parameters(
        popularity_half_life_days=model.parameters["popularity_half_life_days"],
        lasting_half_life_days=model.parameters["lasting_half_life_days"],
    )
    return replace(
        model,
        popularity=popularity_these_days(table, parameters)[columns],
        lasting_popularity=popularity(table, parameters.lasting_half_life_days)[columns],
        age_days=age_days(table)[columns],
    )


def _columns_of(model: TrainedModel, table: EventTable) -> list[int]:
    """Where each product of the model stands in a table that has them all."""
    row_of = {product_id: row for row, product_id in enumerate(table.products)}
    return [row_of[product_id] for product_id in model.product_ids]


def popularity_these_days(table: EventTable, parameters: Parameters) -> Floats:
    """(n_products,) shoppers drawn to each, with a short memory, however long the shop's is."""
    usual = replace(table.type_weights, memory=1.0)
    return popularity(table.weighed_by(usual), parameters.popularity_half_life_days)


def attribute_matrix(space: FeatureSpace, products: Iterable[Product]) -> sparse.csr_matrix:
    """(n_products, n_features) float32, what `FeatureSpace.describe` says of each in its row."""
    starts, rows, values = [0], [np.zeros(0, np.int32)], [np.zeros(0, np.float32)]
    for product in products:
        row, value = space.describe(product)
        rows.append(row)
        values.append(value)
        starts.append(starts[-1] + len(row))
    return sparse.csr_matrix(
        (np.concatenate(values), np.concatenate(rows), np.array(starts, np.int64)),
        shape=(len(starts) - 1, len(space)),
    )
