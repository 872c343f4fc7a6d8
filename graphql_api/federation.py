"""The API as a part of the shop's own graph: a subgraph of Apollo Federation 2.

Nothing of it is on the types themselves: where the setting is off, the schema is as if there were
no such thing. What the shop's graph is told is that schema without what the shop has of its own:
names and prices come from its catalogue, and so its Product may be of any shape.
"""

from functools import lru_cache
from typing import Annotated, Any, NewType, cast

import strawberry
from graphql import (
    DocumentNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)
from strawberry.schema.base import BaseSchema
from strawberry.types.scalar import ScalarDefinition

from graphql_api.context import Context
from graphql_api.keys import Scope
from graphql_api.products import Info, Product, product_of
from recommender.facts.errors import InvalidInput
from recommender.facts.ids import checked_id

LINK = """
extend schema @link(
  url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"]
)
"""
OF_THE_SHOP = frozenset({"product", "products", "node", "nodes", "_service", "_entities"})
"""Root fields that the shop's graph has of its own, or that are for the gateway alone."""
OF_A_PRODUCT = frozenset({"productId", "similar", "boughtTogether"})
"""What a product gains in the shop's graph, and what it is known by."""
DIRECTIVES = {
    type_.name.value: type_.directives
    for type_ in parse(
        """
        type Product @key(fields: "productId")
        # Others may have these types too, if they mark them likewise.
        type Attribute @shareable
        type Money @shareable
        type PageInfo @shareable
        type UserError @shareable
        """,
        no_location=True,
    ).definitions
    if isinstance(type_, ObjectTypeDefinitionNode)
}
ROOTS = ("Query", "Mutation", "Subscription")

Representation = NewType("Representation", object)
Entity = Annotated[Product, strawberry.union("_Entity", description="What has a key.")]

FEDERATION_SCALARS: dict[object, ScalarDefinition] = {
    Representation: strawberry.scalar(
        name="_Any",
        description="A type's name as __typename, and a key of it.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    )
}


@strawberry.type(name="_Service", description="What this subgraph is.")
class Service:
    sdl: str = strawberry.field(description="Its schema, for composition.")


@strawberry.type
class SubgraphQueries:
    @strawberry.field(name="_service", description="For composition.")
    def service(self, info: Info) -> Service:
        return Service(sdl=_sdl_of(info.schema))

    @strawberry.field(
        name="_entities",
        description="For gateways: what has these keys, in their order; null for what there is "
        "not.",
    )
    def entities(
        self,
        info: Info,
        representations: Annotated[
            list[Representation], strawberry.argument(description="Types and keys.")
        ],
    ) -> list[Entity | None]:
        info.context.caller.require(Scope.READ)
        found = [
            _found(info.context, f"representations[{i}]", r) for i, r in enumerate(representations)
        ]
        # An error in the place of an entity is reported there, and keeps none of the others out.
        return cast("list[Product | None]", found)


def _found(context: Context, place: str, representation: Any) -> Product | InvalidInput | None:
    kind = representation.get("__typename") if isinstance(representation, dict) else None
    if kind != "Product":
        return InvalidInput(
            place, 'must be an object such as {__typename: "Product", productId: "1"}'
        )
    key = representation.get("productId")
    if isinstance(key, bool) or not isinstance(key, str | int):
        return InvalidInput(f"{place}.productId", "must be the id of a product")
    try:
        return product_of(context, checked_id(f"{place}.productId", str(key)))
    except InvalidInput as error:
        return error


@lru_cache(maxsize=1)
def _sdl_of(schema: BaseSchema) -> str:
    return subgraph(schema.as_str())


def subgraph(printed: str) -> str:
    """What the shop's graph is told of a schema."""
    document = visit(parse(printed, no_location=True), _OursAlone())
    reachable = _reachable(document)
    definitions = [
        d
        for d in document.definitions
        if not isinstance(d, TypeDefinitionNode) or d.name.value in reachable
    ]
    return LINK + print_ast(DocumentNode(definitions=tuple(definitions)))


class _OursAlone(Visitor):
    """Leaves out what the shop has of its own, and puts the directives on."""

    def enter_object_type_definition(
        self, node: ObjectTypeDefinitionNode, *_: Any
    ) -> ObjectTypeDefinitionNode:
        name = node.name.value
        fields = node.fields or ()
        interfaces = node.interfaces
        if name == "Query":
            fields = tuple(f for f in fields if f.name.value not in OF_THE_SHOP)
        if name == "Product":
            fields = tuple(f for f in fields if f.name.value in OF_A_PRODUCT)
            interfaces = ()
        return ObjectTypeDefinitionNode(
            name=node.name,
            description=node.description,
            interfaces=interfaces,
            fields=fields,
            directives=DIRECTIVES.get(name, ()),
        )


def _reachable(document: DocumentNode) -> set[str]:
    """The names of what can be reached from the roots."""
    types = {d.name.value: d for d in document.definitions if isinstance(d, TypeDefinitionNode)}
    reached: set[str] = set()
    waiting = [name for name in ROOTS if name in types]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in types:
            continue
        reached.add(name)
        named = _Named()
        visit(types[name], named)
        waiting += named.names
        if isinstance(types[name], InterfaceTypeDefinitionNode):
            waiting += (n for n, t in types.items() if _implements(t, name))
    return reached


def _implements(type_: TypeDefinitionNode, interface: str) -> bool:
    return any(i.name.value == interface for i in getattr(type_, "interfaces", None) or ())


class _Named(Visitor):
    """Collects the names of types."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> None:
        self.names.append(node.name.value)
