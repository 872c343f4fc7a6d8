"""Browsing over GraphQL: search, filters, orders, facets, pages, and what can be fetched again."""

from base64 import b64encode

import orjson
import pytest
from builders import NOW, a_product, ask, serving, settings_for, stock, until

from graphql_api.global_ids import global_id
from recommender.facts.money import Money

SHOP = [
    a_product(
        f"mug-{n}",
        name=f"{colour} mug",
        brand=brand,
        categories=("Home > Kitchen > Mugs",),
        tags=("gift",) if n == 1 else (),
        attributes=(("colour", colour), ("litres", str(n / 10))),
        price=Money.of(f"{n}.50", "EUR"),
        available_for_sale=n != 3,
        image_url="https://shop.example/mug.jpg?v=1",
    )
    for n, (colour, brand) in enumerate(
        [("Red", "Harrow"), ("Blue", "Harrow"), ("Blue", "Nordal"), ("Green", "Nordal")], 1
    )
] + [a_product("spade", name="Spade", categories=("Garden",), price=None)]


@pytest.fixture
def mugs(database):
    stock(database, SHOP)


pytestmark = pytest.mark.usefixtures("mugs")

BLUE = {"name": "colour", "values": ["Blue"]}
LIST = """query(
  $words: String, $filter: ProductFilterInput, $sort: ProductSort! = RELEVANCE
  $first: Int, $after: String, $last: Int, $before: String
) {
  products(query: $words, filter: $filter, sort: $sort
           first: $first, after: $after, last: $last, before: $before) {
    nodes { productId } edges { cursor node { productId } } totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


async def listed(api, **asked):
    found = (await ask(api, LIST, **asked))["products"]
    assert [e["node"] for e in found["edges"]] == found["nodes"]
    assert found["totalCount"] >= len(found["nodes"])
    return [n["productId"] for n in found["nodes"]]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [1, 2, 3, 4]),
        ({"categories": ["Home > Kitchen"]}, [1, 2, 3, 4]),
        ({"categories": ["Home > Garden"]}, []),
        ({"brands": ["Harrow"]}, [1, 2]),
        ({"brands": []}, [1, 2, 3, 4]),
        ({"tags": ["gift", "none"]}, [1]),
        ({"itemGroupIds": ["none"]}, []),
        ({"productIds": ["mug-2", "mug-4", "none"]}, [2, 4]),
        ({"excludeProductIds": ["mug-2"]}, [1, 3, 4]),
        ({"minPrice": "2.5", "maxPrice": "3.50"}, [2, 3]),
        ({"availableForSale": False}, [3]),
        ({"createdAfter": "2026-01-01T00:00:00Z"}, [1, 2, 3, 4]),
        ({"createdBefore": "2026-01-01T00:00:00"}, []),
        ({"attributes": [{"name": "colour", "values": ["Red", "Green"]}]}, [1, 4]),
        ({"attributes": [{"name": "litres", "min": 0.15, "max": 0.3}]}, [2, 3]),
        (
            {
                "attributes": [
                    BLUE,
                    {"name": "litres", "min": 0.3},
                ]
            },
            [3],
        ),
        ({"any": [{"brands": ["Harrow"]}, {"maxPrice": "9", "tags": ["gift"]}]}, [1, 2]),
        ({"all": [{"brands": ["Nordal"]}, {"not": {"availableForSale": False}}]}, [4]),
        ({"not": {"any": [{"tags": ["gift"]}, {"minPrice": "4"}]}}, [2, 3]),
        ({"any": [{}]}, [1, 2, 3, 4]),
        ({"not": {}}, []),
    ],
    ids=str,
)
async def test_every_condition_of_a_filter_does_what_it_says(api, wanted, numbers):
    mugs = {"all": [wanted, {"categories": ["Home"]}]}
    assert await listed(api, filter=mugs) == [f"mug-{n}" for n in numbers]


async def test_search_filter_and_order_go_together(api):
    assert await listed(api, words="blue mugs") == ["mug-2", "mug-3"]
    dearest = await listed(
        api, words="mug", filter={"brands": ["Nordal", "Harrow"]}, sort="PRICE_DESC"
    )
    assert dearest == ["mug-4", "mug-3", "mug-2", "mug-1"]
    assert (await listed(api, sort="NAME"))[-1] == "spade"


async def test_pages_of_a_search_go_on_where_the_last_one_ended(api):
    whole = await listed(api, words="mug")
    pages, after = [], None
    for _ in range(4):
        page = (await ask(api, LIST, words="mug", first=1, after=after))["products"]
        after = page["pageInfo"]["endCursor"]
        pages += [n["productId"] for n in page["nodes"]]
    assert pages == whole
    assert page["pageInfo"]["hasNextPage"] is False
    back = (await ask(api, LIST, words="mug", last=2, before=after))["products"]
    assert [n["productId"] for n in back["nodes"]] == whole[1:3]


async def test_facets_count_over_all_pages_and_let_more_of_the_same_be_chosen(api):
    data = await ask(
        api,
        """{ products(query: "mug", first: 1, filter: {brands: ["Nordal"]}) {
               totalCount
               facets(fields: ["brands", "attributes.colour", "availableForSale", "categories"]) {
                 field values { value count } } } }""",
    )
    counts = {
        facet["field"]: {v["value"]: v["count"] for v in facet["values"]}
        for facet in data["products"]["facets"]
    }
    assert data["products"]["totalCount"] == 2
    assert counts == {
        "brands": {"Harrow": 2, "Nordal": 2},
        "attributes.colour": {"Blue": 1, "Green": 1},
        "availableForSale": {"true": 1, "false": 1},
        "categories": {"Home": 2, "Home > Kitchen": 2, "Home > Kitchen > Mugs": 2},
    }
    data = await ask(
        api, '{ products { facets(fields: ["brands"], limit: 1) { values { value } } } }'
    )
    assert data["products"]["facets"] == [{"values": [{"value": "Harrow"}]}]


async def test_attributes_can_be_asked_for_by_name(api):
    data = await ask(
        api,
        """{ product(productId: "mug-1") {
               all: attributes { name } colours: attributes(names: ["colour"]) { value }
               none: attributes(names: []) { value } } }""",
    )
    assert data["product"] == {
        "all": [{"name": "colour"}, {"name": "litres"}],
        "colours": [{"value": "Red"}],
        "none": [],
    }


PICTURE = """query($transform: ImageTransformInput) {
  product(productId: "mug-1") { image { url(transform: $transform) width height } }
}"""


async def test_a_picture_comes_as_it_is_where_nothing_makes_it_smaller(api):
    [image] = (await ask(api, PICTURE, transform={"maxWidth": 200}))["product"].values()
    assert image == {"url": "https://shop.example/mug.jpg?v=1", "width": None, "height": None}


@pytest.mark.parametrize(
    ("template", "transform", "url"),
    [
        (
            "https://img.example/{width}x{height}/{encoded_url}",
            {"maxWidth": 200, "maxHeight": 100, "scale": 2},
            "https://img.example/400x200/https%3A%2F%2Fshop.example%2Fmug.jpg%3Fv%3D1",
        ),
        ("{url}&w={width}", {"maxWidth": 80}, "https://shop.example/mug.jpg?v=1&w=80"),
        ("{url}&w={width}", {"maxHeight": 80}, "https://shop.example/mug.jpg?v=1&w="),
        ("{url}&w={width}", None, "https://shop.example/mug.jpg?v=1"),
    ],
)
async def test_the_size_of_a_picture_is_passed_on(
    mongodb_uri, database, tmp_path, template, transform, url
):
    settings = settings_for(mongodb_uri, database.name, tmp_path, IMAGE_TRANSFORM_URL=template)
    async with serving(settings) as api:
        assert (await ask(api, PICTURE, transform=transform))["product"]["image"]["url"] == url


async def test_what_has_a_global_id_can_be_fetched_again(api):
    found = (await ask(api, '{ product(productId: "mug-1") { id } }'))["product"]["id"]
    ids = [found, global_id("Product", "gone"), "?", "", found, global_id("Query", "mug-1")]
    data = await ask(
        api,
        """query($id: ID!, $ids: [ID!]!) {
             node(id: $id) { __typename id ... on Product { productId } }
             nodes(ids: $ids) { id }
           }""",
        id=found,
        ids=ids,
    )
    assert data["node"] == {"__typename": "Product", "id": found, "productId": "mug-1"}
    assert data["nodes"] == [{"id": found}, None, None, None, {"id": found}, None]


@pytest.mark.parametrize(
    "id_",
    ["", "?", "\u00e9", "Zm9v", "OmZvbw==", "Zm9vOg==", "/////w==", "A" * 5000],
)
async def test_what_is_no_global_id_is_nothing_and_no_error(api, id_):
    assert await ask(api, "query($id: ID!) { node(id: $id) { id } }", id=id_) == {"node": None}


def forged(*parts):
    return b64encode(orjson.dumps(parts)).decode()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('filter: {minPrice: "3", maxPrice: "2"}', "minPrice must not be above maxPrice: 3 > 2"),
        ('filter: {minPrice: "NaN"}', "minPrice must be a decimal number such as 12.50, not NaN"),
        (
            'filter: {attributes: [{name: "litres", min: 2, max: 1}]}',
            "min must not be above max: 2.0 > 1.0",
        ),
        (
            "filter: " + "{not: " * 13 + "{}" + "}" * 13,
            "filter must be at most 12 levels deep",
        ),
        (
            f"filter: {{tags: {orjson.dumps([str(n) for n in range(1001)]).decode()}}}",
            "filter must have at most 1000 values and conditions, not 1001",
        ),
        (f'query: "{"a" * 201}"', "query must be at most 200 characters, not 201"),
        ("last: 0", "last must be 1 to 100, not 0"),
        ('before: "?"', "before must be a cursor from an earlier page, not '?'"),
        (f'after: "{forged("relevance", 5)}"', "after must be a cursor from an earlier page"),
        (f'after: "{forged("name", "a", "b")}"', "after must be a cursor from an earlier page"),
        (f'after: "{forged({})}"', "after must be a cursor from an earlier page"),
        (
            f'sort: NEWEST, after: "{forged("newest", "a", "b")}"',
            "after must be a cursor from an earlier page",
        ),
        (
            f'query: "mug", after: "{forged("relevance", "mug-1")}"',
            "after must be a cursor from an earlier page",
        ),
    ],
)
async def test_a_mistake_in_what_is_listed_is_named(api, arguments, message):
    query = f"{{ products({arguments}) {{ totalCount }} }}"
    [error] = (await api.post("/graphql", json={"query": query})).json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith(message), error["message"]


@pytest.mark.parametrize(
    ("facets", "message"),
    [
        ('fields: ["colour"]', "fields must be of categories, brands,"),
        ("fields: [" + '"brands" ' * 21 + "]", "fields must be at most 20, not 21"),
        ('fields: ["brands"], limit: 0', "limit must be 1 to 100, not 0"),
    ],
)
async def test_a_mistake_in_facets_is_named(api, facets, message):
    query = f"{{ products {{ facets({facets}) {{ field }} }} }}"
    [error] = (await api.post("/graphql", json={"query": query})).json()["errors"]
    assert error["message"].startswith(message), error["message"]


async def test_a_picture_has_no_size_out_of_bounds(mongodb_uri, database, tmp_path):
    template = "https://img.example/{width}/{url}"
    settings = settings_for(mongodb_uri, database.name, tmp_path, IMAGE_TRANSFORM_URL=template)
    async with serving(settings) as api:
        for transform, message in (
            ({"maxWidth": 5001}, "maxWidth must be 1 to 5000, not 5001"),
            ({"maxHeight": 0}, "maxHeight must be 1 to 5000, not 0"),
            ({"scale": 5}, "scale must be 1 to 4, not 5"),
        ):
            body = {"query": PICTURE, "variables": {"transform": transform}}
            [error] = (await api.post("/graphql", json=body)).json()["errors"]
            assert error["message"] == message


async def test_what_changes_is_found_at_once(api, database):
    stock(database, [a_product("new", name="Blue mug of tomorrow", created_at=NOW)])

    async def found():
        return "new" in await listed(api, words="tomorrow")

    await until(found, seconds=2)
    assert (await listed(api, sort="NEWEST"))[0] == "new"
