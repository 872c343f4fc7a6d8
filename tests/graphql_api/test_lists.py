"""Lists over GraphQL: walked page by page, several on one page, rotated, and asked why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from builders import CARD, NOW, an_event, ask, serving, settings_for, trained_on, two_tastes, until
from pymongo.errors import NetworkTimeout

from recommender.facts.fates import Fate
from recommender.facts.placements import Placement
from recommender.mongo.documents import FROZEN_LISTS, LISTS, event_document
from recommender.mongo.events import Events
from recommender.mongo.models import publish, put_in_service

pytestmark = pytest.mark.usefixtures("shop")

COOK = {"userId": "cook-0"}
WALK = """
query Walk(
  $shopper: ShopperInput!, $placement: String! = "home", $first: Int, $after: String,
  $filter: ProductFilterInput, $diversity: Float! = 0
) {
  recommendations(
    shopper: $shopper, placement: $placement, first: $first, after: $after, filter: $filter,
    diversity: $diversity
  ) {
    recommendationId strategy modelVersion generatedAt
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges {
      cursor rank score strategy isFiller node { productId }
      reasons { kind text weight contribution product { productId } }
    }
  }
}
"""
SHELF = """
query(
  $shopper: ShopperInput!, $placement: String! = "home", $first: Int, $rotation: RotationInput
) {
  recommendations(
    shopper: $shopper, placement: $placement, first: $first, rotation: $rotation
  ) { recommendationId strategy nodes { productId } edges { rank score strategy isFiller } }
}
"""


async def page(api, **variables):
    return (await ask(api, WALK, **{"shopper": COOK, **variables}))["recommendations"]


async def error(api, query, **variables):
    answer = (await api.post("/graphql", json={"query": query, "variables": variables})).json()
    [found] = answer["errors"]
    return found


async def walk(api, sizes, **variables):
    """All edges, page by page, the sizes of the pages in turn."""
    found, after = [], None
    while True:
        size = sizes[min(len(found), len(sizes) - 1)]
        connection = await page(api, first=size, after=after, **variables)
        found.append(connection)
        if not connection["pageInfo"]["hasNextPage"]:
            return found
        after = connection["pageInfo"]["endCursor"]


def edges_of(pages):
    return [edge for connection in pages for edge in connection["edges"]]


def ids(connection):
    return [n["productId"] for n in connection["nodes"]]


@pytest.mark.parametrize("sizes", [[1], [5, 1, 7], [4, 15], [4, 14, 1], [19], [20]])
async def test_walking_pages_of_any_size_gives_the_list_as_it_was_made(api, sizes):
    whole = edges_of(await walk(api, [24]))
    assert len(whole) == 19  # 24 products, of which the cook bought five
    pages = await walk(api, sizes)
    found = edges_of(pages)
    assert [{**e, "cursor": ""} for e in found] == [{**e, "cursor": ""} for e in whole]
    assert [e["rank"] for e in found] == list(range(1, 20))
    assert len({p["recommendationId"] for p in pages}) == 1
    before = [p["pageInfo"]["hasPreviousPage"] for p in pages]
    assert before == [False] + [True] * (len(pages) - 1)


async def test_page_two_continues_page_one_across_a_retrain_clicks_and_another_process(
    api, database, settings
):
    whole = edges_of(await walk(api, [24]))
    first = await page(api, first=4)
    catalogue, events = two_tastes(seed=7)
    publish(database, trained_on(catalogue, events, version="v2"), **CARD)
    put_in_service(database, "v2", NOW)
    await ask(
        api,
        """mutation { recordEvent(input: {event: {eventId: "e", type: PURCHASE,
             shopper: {userId: "cook-0"}, productId: "garden-1"}}) { accepted } }""",
    )

    async def retrained():
        return (await page(api, first=1))["modelVersion"] == "v2"

    await until(retrained)
    async with serving(settings) as other:
        rest = await page(other, first=24, after=first["pageInfo"]["endCursor"])
    assert rest["modelVersion"] == "v1"
    assert [e["node"] for e in first["edges"] + rest["edges"]] == [e["node"] for e in whole]
    assert [e["reasons"] for e in first["edges"] + rest["edges"]] == [e["reasons"] for e in whole]
    assert rest["generatedAt"] == first["generatedAt"]
    assert not rest["pageInfo"]["hasNextPage"]


async def test_what_the_shop_no_longer_sells_is_skipped_and_shifts_nothing(api, database):
    first = await page(api, first=4)
    rest = await page(api, first=24, after=first["pageInfo"]["endCursor"])
    gone = [e["node"]["productId"] for e in rest["edges"][:3]]
    database["products"].delete_one({"_id": gone[0]})
    database["products"].update_many(
        {"_id": {"$in": gone[1:]}}, {"$set": {"available_for_sale": False}}
    )

    async def skipped():
        return await page(api, first=2, after=first["pageInfo"]["endCursor"])

    async def all_gone():
        return [e["rank"] for e in (await skipped())["edges"]] == [8, 9]

    await until(all_gone)
    assert (await skipped())["edges"] == rest["edges"][3:5]


async def test_the_end_of_a_list_is_an_empty_page(api):
    last = (await walk(api, [24]))[-1]["pageInfo"]["endCursor"]
    end = await page(api, first=5, after=last)
    assert end["edges"] == []
    assert end["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": None,
        "endCursor": None,
    }


@pytest.mark.parametrize("cursor", ["", "x", "bGlzdDphOjE", "cHJvZHVjdDptdWc6MQ==", "🙂"])
async def test_what_is_no_cursor_is_named(api, cursor):
    found = await error(api, WALK, shopper=COOK, after=cursor)
    assert found["extensions"]["code"] == "BAD_USER_INPUT"
    assert "after must be a cursor" in found["message"] or "gone" in found["message"]


async def test_a_cursor_that_expired_says_so(api, database):
    first = await page(api, first=4)
    database[FROZEN_LISTS].update_one(
        {"_id": first["recommendationId"]}, {"$set": {"expires_at": NOW - timedelta(days=9999)}}
    )
    found = await error(api, WALK, shopper=COOK, after=first["pageInfo"]["endCursor"])
    assert "24 hours" in found["message"]


@pytest.mark.parametrize(
    "other",
    [
        {"shopper": {"userId": "cook-1"}},
        {"shopper": {"sessionId": "cook-0"}},
        {"placement": "popular"},
        {"filter": {"brands": ["kitchen works"]}},
        {"diversity": 0.5},
    ],
)
async def test_a_cursor_belongs_to_its_list_and_its_shopper(api, other):
    first = await page(api, first=4)
    after = first["pageInfo"]["endCursor"]
    found = await error(api, WALK, **{"shopper": COOK, "after": after, **other})
    assert found["extensions"]["code"] == "BAD_USER_INPUT"
    assert "another list" in found["message"]


async def test_reasons_that_were_not_kept_are_not_made_up(api):
    query = WALK.replace("reasons { kind text weight contribution product { productId } }", "")
    first = (await ask(api, query, shopper=COOK, first=4))["recommendations"]
    after = first["pageInfo"]["endCursor"]
    found = await error(api, WALK, shopper=COOK, first=4, after=after)
    assert "ask for them on its first page" in found["message"]
    assert (await ask(api, query, shopper=COOK, first=4, after=after))["recommendations"]["edges"]


async def test_nothing_is_frozen_for_who_asks_for_no_cursor(api, database):
    await ask(api, SHELF, shopper=COOK)
    assert database[FROZEN_LISTS].count_documents({}) == 0
    await page(api)
    assert database[FROZEN_LISTS].count_documents({}) == 1


async def test_a_list_is_the_same_with_cursors_and_without(api):
    for placement in Placement:
        if placement in (Placement.SIMILAR, Placement.BOUGHT_TOGETHER):
            continue
        plain = await ask(api, SHELF, shopper=COOK, placement=placement, first=5)
        walked = await page(api, placement=placement, first=5)
        assert ids(plain["recommendations"]) == [e["node"]["productId"] for e in walked["edges"]]


async def test_every_list_has_a_field_of_its_own(api):
    data = await ask(
        api,
        """query($cook: ShopperInput!) {
          similarProducts(productId: "kitchen-1", first: 3) { ...shelf }
          boughtTogether(productIds: ["kitchen-1", "kitchen-2"], first: 3) { ...shelf }
          trending(category: "Home > Garden", first: 3) { ...shelf }
          popular(first: 3, filter: {categories: ["Home > Garden"]}) { ...shelf }
          newest(shopper: $cook, first: 3) { ...shelf }
          recentlyViewed(shopper: $cook, first: 3) { ...shelf }
          buyAgain(shopper: $cook, first: 3) { ...shelf }
          product(productId: "kitchen-1") {
            similar(first: 3) { ...shelf } boughtTogether(first: 3) { ...shelf }
          }
        }
        fragment shelf on RecommendationConnection {
          recommendationId placement variant nodes { productId } edges { rank }
        }""",
        cook=COOK,
    )
    about = data.pop("product")
    for connection in [*data.values(), *about.values()]:
        assert len(connection["nodes"]) == 3
        assert connection["variant"] is None
    assert [c["placement"] for c in data.values()] == [
        "similar", "bought_together", "trending", "popular", "newest", "recently_viewed",
        "buy_again",
    ]  # fmt: skip
    assert ids(about["similar"]) == ids(data["similarProducts"])


async def test_a_list_for_a_product_the_shop_has_not_is_not_found(api):
    found = await error(api, '{ boughtTogether(productIds: ["nothing"]) { placement } }')
    assert found["extensions"]["code"] == "NOT_FOUND"


async def test_reasons_come_in_german_and_as_many_as_asked_for(api):
    data = await ask(
        api,
        """query($cook: ShopperInput!) {
          recommendations(shopper: $cook, first: 1) { edges {
            one: reasons(limit: 1) { text } german: reasons(limit: 1, locale: "de-AT") { text }
            other: reasons(limit: 1, locale: "fr") { text }
          } } }""",
        cook=COOK,
    )
    [edge] = data["recommendations"]["edges"]
    assert edge["one"] == edge["other"]
    assert edge["one"][0]["text"].startswith("Because you bought kitchen pan")
    assert edge["german"][0]["text"].startswith("Weil Sie kitchen pan")
    found = await error(
        api, '{ popular(shopper: {userId: "a"}) { edges { reasons(limit: 9) { text } } } }'
    )
    assert "limit must be 1 to 5, not 9" in found["message"]


PAGE = """
query Page($shopper: ShopperInput!, $shelves: [ShelfInput!]!) {
  page(shopper: $shopper, shelves: $shelves, context: {category: "Home > Kitchen"}) {
    recommendationId placement nodes { productId }
  }
}
"""


async def test_a_whole_page_in_one_call_shows_no_product_twice(api):
    shelves = [{"placement": p, "first": 4} for p in ("home", "popular", "newest", "trending")]
    data = await ask(api, PAGE, shopper=COOK, shelves=shelves)
    assert [c["placement"] for c in data["page"]] == ["home", "popular", "newest", "trending"]
    shown = [p for connection in data["page"] for p in ids(connection)]
    assert len(shown) == len(set(shown)) == 16


async def test_a_page_has_a_bounded_number_of_shelves(api):
    for count in (0, 13):
        found = await error(api, PAGE, shopper=COOK, shelves=[{"first": 1}] * count)
        assert f"shelves must be 1 to 12, not {count}" in found["message"]


async def test_a_shelf_of_a_page_can_be_walked_further_by_itself(api):
    data = await ask(
        api,
        """query($cook: ShopperInput!) { page(shopper: $cook, shelves: [
             {first: 3}, {placement: "newest", first: 3}
           ]) { endCursor nodes { productId } edges { reasons { kind } } } }""",
        cook=COOK,
    )
    home, newest = data["page"]
    more = await page(api, placement="newest", first=9, after=newest["endCursor"])
    walked = [e["node"]["productId"] for e in more["edges"]]
    assert len(walked) == 9
    assert not set(walked) & {*ids(home), *ids(newest)}


async def test_what_was_shown_lately_is_not_shown_again_and_then_it_is(api):
    shown: list[str] = []
    for _ in range(4):
        data = await ask(api, SHELF, shopper=COOK, first=4, rotation={"hours": 24, "strength": 1})
        found = ids(data["recommendations"])
        assert not set(found) & set(shown)
        shown += found
    # 19 products, 16 of them shown: three are left, and the first of those shown come back.
    data = await ask(api, SHELF, shopper=COOK, first=4, rotation={})
    assert len(set(ids(data["recommendations"])) - set(shown)) == 3
    # Somebody else has seen nothing.
    data = await ask(api, SHELF, shopper={"userId": "cook-1"}, first=4, rotation={})
    assert len(data["recommendations"]["nodes"]) == 4


async def test_impressions_that_the_shop_reports_count_as_shown(api):
    data = await ask(api, SHELF, shopper={"userId": "new"}, first=1)
    [seen] = ids(data["recommendations"])
    await ask(
        api,
        """mutation($p: ID!) { recordEvent(input: {event: {eventId: "i", type: IMPRESSION,
             shopper: {userId: "other"}, productId: $p}}) { accepted } }""",
        p=seen,
    )
    data = await ask(api, SHELF, shopper={"userId": "other"}, first=1, rotation={})
    assert ids(data["recommendations"]) != [seen]


WHY = """
query Why($shopper: ShopperInput!, $productId: ID!, $first: Int, $exclude: [ID!],
          $before: [ShelfInput!]) {
  whyNot(shopper: $shopper, productId: $productId, first: $first, excludeProductIds: $exclude,
         before: $before) {
    productId fate place strategy score rankAmongAll rankAmongEligible
  }
}
"""


async def test_why_a_product_is_not_on_a_shelf(api, shop):
    shelf = (await ask(api, SHELF, shopper=COOK, first=3))["recommendations"]
    shown = ids(shelf)
    bought = (await ask(api, WHY, shopper=COOK, productId="nothing"))["whyNot"]
    assert bought["fate"] == "UNKNOWN_PRODUCT"
    for product_id in shop:
        why = (await ask(api, WHY, shopper=COOK, productId=product_id, first=3))["whyNot"]
        assert (why["fate"] == "SHOWN") == (product_id in shown)
        if product_id in shown:
            edge = shelf["edges"][shown.index(product_id)]
            assert (why["place"], why["score"]) == (edge["rank"], edge["score"])
        else:
            assert why["fate"] in ("ALREADY_BOUGHT", "RANKED_LOWER")
    why = await ask(api, WHY, shopper=COOK, productId=shown[0], exclude=[shown[0]])
    assert why["whyNot"]["fate"] == "EXCLUDED"
    why = await ask(api, WHY, shopper=COOK, productId=shown[0], before=[{"first": 2}])
    assert why["whyNot"]["fate"] == "OTHER_SHELF"


async def test_every_fate_has_its_word_in_the_schema(api):
    data = await ask(api, '{ __type(name: "ProductFate") { enumValues { name } } }')
    assert [v["name"] for v in data["__type"]["enumValues"]] == [f.name for f in Fate]


async def test_every_list_that_was_served_is_on_the_log(api, database):
    data = (await ask(api, SHELF, shopper=COOK, first=3))["recommendations"]
    await ask(api, "{ popular(first: 2) { placement } }")
    walked = await page(api, first=2)
    await page(api, first=3, after=walked["pageInfo"]["endCursor"])

    def written():
        found = {d["_id"]: d for d in database[LISTS].find()}
        return len(found) == 3 and found[walked["recommendationId"]]["shown"] == 5 and found

    found = await until(written)
    document = found.pop(data["recommendationId"])
    assert document["shopper_id"] == "user:cook-0"
    assert (document["placement"], document["model_version"]) == ("home", "v1")
    assert document["products"] == ids(data)
    assert document["scores"] == [e["score"] for e in data["edges"]]
    assert "fillers" not in document
    del found[walked["recommendationId"]]
    [anonymous] = found.values()
    assert "shopper_id" not in anonymous
    assert anonymous["expires_at"] - anonymous["at"] == timedelta(days=90)


async def test_what_waits_for_the_log_is_written_on_shutdown(database, settings):
    async with serving(settings) as api:
        data = await ask(api, SHELF, shopper=COOK)
    [document] = database[LISTS].find()
    assert document["_id"] == data["recommendations"]["recommendationId"]


async def test_lists_need_not_be_recorded(database, mongodb_uri, tmp_path):
    quiet = settings_for(mongodb_uri, database.name, tmp_path, KEPT_LISTS_DAYS="0")
    async with serving(quiet) as api:
        await ask(api, SHELF, shopper=COOK)
        await page(api)
    assert database[LISTS].count_documents({}) == 0


async def test_what_answers_the_search_comes_first_and_says_so(api):
    data = await ask(
        api,
        """{ recommendations(
          shopper: {userId: "new"}, first: 3, context: {searchQuery: "garden spade 7"}
        ) { nodes { productId } edges { reasons { kind text } } } }""",
    )
    found = data["recommendations"]
    assert ids(found)[0] == "garden-7"
    assert "MATCHES_SEARCH" in {r["kind"] for r in found["edges"][0]["reasons"]}
    answer = await error(
        api,
        """query($q: String!) { recommendations(
             shopper: {userId: "a"}, context: {searchQuery: $q}
           ) { placement } }""",
        q="x" * 201,
    )
    assert "searchQuery must be at most 200 characters" in answer["message"]


async def test_all_controls_work_on_every_list(api):
    data = await ask(
        api,
        """query($gardener: ShopperInput!, $filter: ProductFilterInput!) {
          recommendations(
            shopper: $gardener, filter: $filter, first: 3, strict: true, diversity: 0.5,
            minimumRelevance: 0.1, rotation: {hours: 1, strength: 0.5}) { ...shelf }
          similarProducts(productId: "garden-1", filter: $filter, first: 3) { ...shelf }
          boughtTogether(productIds: ["garden-1"], filter: $filter, first: 3,
            excludeProductIds: ["garden-2"]) { ...shelf }
          trending(filter: $filter, boosts: [{filter: {productIds: ["garden-3"]}, factor: 2}]) {
            ...shelf
          }
        }
        fragment shelf on RecommendationConnection { nodes { productId } }""",
        gardener={"userId": "gardener-0"},
        filter={"categories": ["Home > Garden"]},
    )
    for connection in data.values():
        assert connection["nodes"]
        assert all(p.startswith("garden") for p in ids(connection))
    assert "garden-2" not in ids(data["boughtTogether"])


async def test_what_rises_within_a_window_is_counted_from_its_events(api, database):
    now = datetime.now(UTC)
    drawn = {"garden-5": 1, "kitchen-5": 12}
    database["events"].insert_many(
        event_document(
            replace(an_event(f"visitor-{n}", p), at=now - timedelta(days=days), received_at=now)
        )
        for p, days in drawn.items()
        for n in range(20)
    )
    query = """query($window: TrendingWindow) {
      trending(window: $window, first: 2, strict: true) { nodes { productId } }
    }"""
    for window, rising in (
        ("LAST_24_HOURS", []),
        ("LAST_7_DAYS", ["garden-5"]),
        ("LAST_30_DAYS", ["garden-5", "kitchen-5"]),
    ):
        found = ids((await ask(api, query, window=window))["trending"])
        assert set(rising) <= set(found)
        assert ("kitchen-5" in found) == (window == "LAST_30_DAYS")
    assert "errors" not in await ask(api, query, window=None)


async def test_a_window_that_takes_too_long_to_count_says_what_else_to_ask_for(api, monkeypatch):
    async def never(self, since):
        raise NetworkTimeout("30 days are long")

    monkeypatch.setattr(Events, "shoppers_drawn_since", never)
    found = await error(api, "{ trending(window: LAST_30_DAYS) { placement } }")
    assert found["extensions"]["code"] == "BAD_USER_INPUT"
    assert "shorter one" in found["message"]
