"""What came of the lists, counted by MongoDB."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from recommender.facts.attribution import Way
from recommender.facts.events import EventType
from recommender.facts.insights import Acts, Granularity, Range, Totals
from recommender.mongo.aggregation import aggregated
from recommender.mongo.documents import CREDITS, LISTS, Document, utc

_COUNTED = {
    EventType.IMPRESSION.value: "impressions",
    EventType.CLICK.value: "clicks",
    EventType.ADD_TO_CART.value: "add_to_carts",
    EventType.PURCHASE.value: "purchases",
}
"""Event type -> the field of Acts that counts it."""

_SHOWN = {"$slice": ["$products", {"$ifNull": ["$shown", {"$max": [1, {"$size": "$products"}]}]}]}
"""The products of a list, as far as they were shown."""


class Insights:
    """Counts over some time, of one placement or all."""

    def __init__(
        self, database: AsyncDatabase[Document], within: Range, placement: str | None = None
    ) -> None:
        self.within = within
        self._lists = database[LISTS]
        self._credits = database[CREDITS]
        self._match: Document = {"at": {"$gte": within.start, "$lt": within.end}}
        if placement is not None:
            self._match["placement"] = placement

    async def totals(self) -> Totals:
        """Over everything."""
        return (await self._by(None)).get(None, Totals())

    async def series(self, granularity: Granularity) -> dict[datetime, Totals]:
        """By the moment that each hour, day or week (from Monday) begins, UTC."""
        moment = {"$dateTrunc": {"date": "$at", "unit": granularity.value, "startOfWeek": "monday"}}
        found = await self._by(moment)
        return {utc(key): found[key] for key in sorted(found)}

    async def by_placement(self) -> dict[str, Totals]:
        """By the shelf."""
        return await self._by("$placement")

    async def by_model(self) -> dict[str | None, Totals]:
        """By the version of the model; None: before the first one."""
        return await self._by("$model_version")

    async def by_strategy(self) -> dict[str, Totals]:
        """By what chose the product; a list counts for each strategy that has a place on it."""
        served = await aggregated(
            self._lists,
            [
                {"$match": self._match},
                {
                    "$project": {
                        "places": {
                            "$zip": {
                                "inputs": [
                                    _SHOWN,
                                    {"$ifNull": ["$strategies", []]},
                                    {"$ifNull": ["$fillers", []]},
                                ],
                                "useLongestLength": True,
                            }
                        },
                        "strategy": 1,
                        "shown": {"$size": _SHOWN},
                    }
                },
                {"$unwind": {"path": "$places", "includeArrayIndex": "place"}},
                {"$match": {"$expr": {"$lt": ["$place", "$shown"]}}},
                {
                    "$group": {
                        "_id": {
                            "list": "$_id",
                            "key": {"$ifNull": [{"$arrayElemAt": ["$places", 1]}, "$strategy"]},
                        },
                        "products": {"$sum": 1},
                        "fillers": {"$sum": _one_if({"$arrayElemAt": ["$places", 2]})},
                    }
                },
                {
                    "$group": {
                        "_id": "$_id.key",
                        "lists": {"$sum": 1},
                        "products": {"$sum": "$products"},
                        "fillers": {"$sum": "$fillers"},
                    }
                },
            ],
        )
        return _together(served, await self._acts("$strategy"))

    async def top_products(self, limit: int) -> dict[str, Totals]:
        """What earned most, then what was clicked most; by product id, best first."""
        acts = await self._acts("$product_id")

        def worth(product_id: str) -> tuple[int, int, int, str]:
            direct, window = acts[product_id]
            return (
                -sum(direct.revenue.values()) - sum(window.revenue.values()),
                -direct.purchases,
                -direct.clicks,
                product_id,
            )

        best = sorted(acts, key=worth)[:limit]
        return {p: Totals(direct=acts[p][0], within_window=acts[p][1]) for p in best}

    async def products_shown(self) -> int:
        """How many different products were on any list."""
        found = await aggregated(self._lists, [*self._shown_products(), {"$count": "count"}])
        return int(found[0]["count"]) if found else 0

    async def places_of_products(self) -> dict[str, int]:
        """On how many lists each product was."""
        found = await aggregated(self._lists, self._shown_products())
        return {row["_id"]: row["places"] for row in found}

    def _shown_products(self) -> list[Document]:
        return [
            {"$match": self._match},
            {"$project": {"products": _SHOWN}},
            {"$unwind": "$products"},
            {"$group": {"_id": "$products", "places": {"$sum": 1}}},
        ]

    async def _by(self, key: Any) -> dict[Any, Totals]:
        served = await aggregated(
            self._lists,
            [
                {"$match": self._match},
                {
                    "$group": {
                        "_id": key,
                        "lists": {"$sum": 1},
                        "products": {"$sum": {"$size": _SHOWN}},
                        "fillers": {
                            "$sum": {
                                "$size": {
                                    "$filter": {
                                        "input": {
                                            "$slice": [
                                                {"$ifNull": ["$fillers", []]},
                                                {"$max": [1, {"$size": _SHOWN}]},
                                            ]
                                        },
                                        "cond": "$$this",
                                    }
                                }
                            }
                        },
                        "empty_lists": {"$sum": _one_if({"$eq": [{"$size": _SHOWN}, 0]})},
                    }
                },
            ],
        )
        return _together(served, await self._acts(key))

    async def _acts(self, key: Any) -> dict[Any, tuple[Acts, Acts]]:
        """Direct ones, and those within the window."""
        rows = await aggregated(
            self._credits,
            [
                {"$match": self._match},
                {
                    "$group": {
                        "_id": {
                            "key": key,
                            "type": "$type",
                            "way": "$way",
                            "currency": "$revenue.currency",
                        },
                        "count": {"$sum": 1},
                        "minor_units": {"$sum": "$revenue.minor_units"},
                    }
                },
            ],
        )
        counts: dict[Any, dict[str, dict[str, int]]] = {}
        revenue: dict[Any, dict[str, dict[str, int]]] = {}
        for row in rows:
            group = row["_id"]
            key_, way = group.get("key"), group["way"]
            by_way = counts.setdefault(key_, {}).setdefault(way, {})
            name = _COUNTED[group["type"]]
            by_way[name] = by_way.get(name, 0) + row["count"]
            if currency := group.get("currency"):
                sums = revenue.setdefault(key_, {}).setdefault(way, {})
                sums[currency] = sums.get(currency, 0) + int(row["minor_units"])

        def acts(key_: Any, way: Way) -> Acts:
            return Acts(
                **counts[key_].get(way.value, {}),
                revenue=revenue.get(key_, {}).get(way.value, {}),
            )

        return {k: (acts(k, Way.DIRECT), acts(k, Way.WITHIN_WINDOW)) for k in counts}


def _one_if(condition: Any) -> Document:
    return {"$cond": [condition, 1, 0]}


def _together(served: list[Document], acts: Mapping[Any, tuple[Acts, Acts]]) -> dict[Any, Totals]:
    by_key = {row["_id"]: row for row in served}
    none = Acts(), Acts()
    return {
        key: Totals(
            lists=by_key.get(key, {}).get("lists", 0),
            products=by_key.get(key, {}).get("products", 0),
            fillers=by_key.get(key, {}).get("fillers", 0),
            empty_lists=by_key.get(key, {}).get("empty_lists", 0),
            direct=acts.get(key, none)[0],
            within_window=acts.get(key, none)[1],
        )
        for key in (*by_key, *(k for k in acts if k not in by_key))
    }
