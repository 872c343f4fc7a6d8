"""What an operation costs: how many objects it may bring back, lists times what is in them.

Every object costs 1, what goes through the whole catalogue and a mutation WEIGHT more. What is in a
list costs as often as the list is long at most: what first, last or limit say, else as many as the
ids that are asked for, else what the server gives unasked. Of a page of shelves each costs as much
as it would alone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from graphql.utilities import get_default_value_ast, value_from_ast_untyped

WEIGHT = 10
"""What making a shelf or a change costs: about half a millisecond, as ten objects do."""
USUAL_PAGE = 20
"""Entries of a page for which no length was asked."""
USUAL_LIST = 5
"""Entries of a list that has no length to ask for, such as a product's attributes."""
SHELF = "RecommendationShelf"
COSTLY = frozenset(
    {
        *(SHELF, "RecommendationConnection", "WhyNot", "ProductConnection", "Facet"),
        *("Insights", "ShopInsights"),
    }
)
"""What takes a run of the engine, or another way through all products or events."""
SHELF_INPUT = "ShelfInput"
"""What is asked of one shelf of a page."""
SLICES = ("first", "last", "limit")
"""Arguments that say how long a list is."""
PAGES = frozenset({"edges", "nodes", "values"})
"""Lists that are as long as the page, or the facet, they are of."""

UNBOUNDED = 10**9
"""What stands for more than anybody counts, or of which nothing is known yet."""

_WITH_FIELDS = GraphQLObjectType | GraphQLInterfaceType

Variables = Mapping[str, Any]
Length = Callable[[Variables], int]
Lengths = Callable[[Variables], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one field, or one operation, costs."""

    own: int
    inner: "tuple[Cost, ...]" = ()
    length: Length | None = None
    """How long the list or the page is that this asks for; None where it does not say."""
    count: Length | None = None
    """How many there are, of a list of such pages."""
    shelves: Lengths | None = None
    """How long each of the shelves is that this asks for, where it asks for several."""
    is_list: bool = False
    is_page: bool = False
    """Whether it is a list of what the field around it is a page of: edges and nodes."""
    is_shelves: bool = False
    """Whether it is a list of shelves."""

    @property
    def most(self) -> int:
        """What it costs with the worst variables there could be."""
        return self.of(_Worst())

    def of(self, variables: Variables, page: int = 1, around: tuple[int, ...] = ()) -> int:
        """What it costs with these variables, within a page so long, or beside such shelves."""
        shelves = self.shelves(variables) if self.shelves else around
        if self.is_shelves:
            lengths = shelves or (USUAL_PAGE,) * USUAL_LIST
            return sum(self.own + self._inner(variables, length) for length in lengths)
        length = self.length(variables) if self.length else USUAL_PAGE
        # What looks at shelves without showing them has to fill them all the same.
        unseen = WEIGHT * len(shelves) if self.shelves and self.own == WEIGHT else 0
        if not self.is_list:
            return self.own + unseen + self._inner(variables, length, shelves)
        if self.count:
            return self.count(variables) * (self.own + self._inner(variables, length))
        times = length if self.length else page if self.is_page else USUAL_LIST
        return times * (self.own + self._inner(variables, USUAL_LIST))

    def _inner(self, variables: Variables, page: int, around: tuple[int, ...] = ()) -> int:
        return sum(cost.of(variables, page, around) for cost in self.inner)


_WORST = object()


class _Worst(dict[str, Any]):
    """Variables that make an operation as costly as any could."""

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002
        return _WORST

    def __bool__(self) -> bool:
        return True


def costs_of(
    document: DocumentNode, schema: GraphQLSchema, longest_page: int
) -> dict[str | None, Cost]:
    """The cost of each operation of a valid document, by its name."""
    fragments = {
        d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
    }
    return {
        d.name.value if d.name else None: _Costs(schema, fragments, d, longest_page).of_operation()
        for d in document.definitions
        if isinstance(d, OperationDefinitionNode)
    }


class _Costs:
    """The way through one operation."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
        longest_page: int,
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._operation = operation
        self._longest_page = longest_page
        self._defaults = {
            d.variable.name.value: d.default_value for d in operation.variable_definitions or ()
        }

    def of_operation(self) -> Cost:
        root = self._schema.get_root_type(self._operation.operation)
        assert root is not None  # noqa: S101 (a valid document has one)
        inner = self._of_selections(root, [self._operation.selection_set])
        changes = len(inner) if self._operation.operation is OperationType.MUTATION else 0
        return Cost(own=changes * WEIGHT, inner=inner)

    def _of_selections(
        self, parent: GraphQLNamedType, selections: Iterable[SelectionSetNode]
    ) -> tuple[Cost, ...]:
        """Fields of one name are one field, as when they are executed: fragments that components
        bring along ask for the same objects again and again."""
        fields: dict[tuple[str, str], list[FieldNode]] = {}
        visited: set[str] = set()
        for selection_set in selections:
            self._collect(parent, selection_set, fields, visited)
        return tuple(self._of_field(type_, nodes) for (type_, _), nodes in fields.items())

    def _collect(
        self,
        parent: GraphQLNamedType,
        selection_set: SelectionSetNode,
        fields: dict[tuple[str, str], list[FieldNode]],
        visited: set[str],
    ) -> None:
        node: SelectionNode | FragmentDefinitionNode
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                name = (node.alias or node.name).value
                fields.setdefault((parent.name, name), []).append(node)
                continue
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in visited:
                    continue
                visited.add(node.name.value)
                node = self._fragments[node.name.value]
            if isinstance(node, InlineFragmentNode | FragmentDefinitionNode):
                condition = node.type_condition
                type_ = self._schema.type_map[condition.name.value] if condition else parent
                self._collect(type_, node.selection_set, fields, visited)

    def _of_field(self, parent_name: str, nodes: list[FieldNode]) -> Cost:
        parent = self._schema.type_map[parent_name]
        name = nodes[0].name.value
        field = parent.fields.get(name) if isinstance(parent, _WITH_FIELDS) else None
        if field is None or not is_composite_type(get_named_type(field.type)):
            # Leaves cost nothing, and what introspection may ask is bounded by graphql-core.
            return Cost(0)
        type_ = get_named_type(field.type)
        is_list = is_list_type(get_nullable_type(field.type))
        page, count = self._lengths(nodes[0], field)
        if is_list and page is None:
            page, count = count, None
        return Cost(
            own=WEIGHT if type_.name in COSTLY else 1,
            inner=self._of_selections(type_, [n.selection_set for n in nodes if n.selection_set]),
            length=page,
            count=count if is_list else None,
            shelves=self._shelves(nodes[0], field),
            is_list=is_list,
            is_page=name in PAGES,
            is_shelves=is_list and type_.name == SHELF,
        )

    def _lengths(self, node: FieldNode, field: GraphQLField) -> tuple[Length | None, Length | None]:
        """How long a page it asks for, by first, last or limit, and how many things it names."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        slices = [self._number(given.get(n), field.args[n]) for n in SLICES if n in field.args]
        lists = [
            self._count(given[name])
            for name, argument in field.args.items()
            if name in given and is_list_type(get_nullable_type(argument.type))
        ]
        return _longest(slices), _longest(lists)

    def _shelves(self, node: FieldNode, field: GraphQLField) -> Lengths | None:
        """How long each shelf is of those that it names, or that its input names."""
        for argument in node.arguments or ():
            type_ = get_named_type(field.args[argument.name.value].type)
            if type_.name == SHELF_INPUT:
                return self._of_shelves(argument.value, None)
            if isinstance(type_, GraphQLInputObjectType):
                for name, inner in type_.fields.items():
                    if get_named_type(inner.type).name == SHELF_INPUT:
                        return self._of_shelves(argument.value, name)
        return None

    def _of_shelves(self, value: ValueNode, within: str | None) -> Lengths:
        unset = {n: value_from_ast_untyped(v) for n, v in self._defaults.items() if v}

        def lengths(variables: Variables) -> tuple[int, ...]:
            given = variables if isinstance(variables, _Worst) else {**unset, **variables}
            found = value_from_ast_untyped(value, given)
            if within is not None and isinstance(found, dict):
                found = found.get(within)
            if found is _WORST:
                return (UNBOUNDED,)
            # One that is no list counts as one, as everywhere in GraphQL.
            shelves = found if isinstance(found, list) else [found]
            return tuple(
                self._within(s.get("first") if isinstance(s, dict) else s, USUAL_PAGE)
                for s in shelves
                if s is _WORST or isinstance(s, dict)
            )

        return lengths

    def _within(self, number: object, usual: int) -> int:
        """A page's length: no longer than pages may be, since the resolver refuses it anyway."""
        if number is _WORST:
            return self._longest_page
        if not isinstance(number, int | float) or not number >= 0:
            return usual
        return int(min(number, self._longest_page))

    def _number(self, value: ValueNode | None, argument: GraphQLArgument) -> Length:
        default = get_default_value_ast(argument)
        usual = int(default.value) if isinstance(default, IntValueNode) else 0
        if isinstance(value, VariableNode):
            name = value.name.value
            unset = self._defaults.get(name)
            otherwise = int(unset.value) if isinstance(unset, IntValueNode) else None
            return lambda variables: self._within(variables.get(name, otherwise), usual)
        fixed = self._within(int(value.value) if isinstance(value, IntValueNode) else None, usual)
        return lambda _: fixed

    def _count(self, value: ValueNode) -> Length:
        """How many there are in a list that is an argument; one that is no list counts as one."""
        if isinstance(value, VariableNode):
            name = value.name.value

            def count(variables: Variables) -> int:
                given = variables.get(name)
                if given is _WORST:
                    return UNBOUNDED
                return len(given) if isinstance(given, list) else 1

            return count
        fixed = len(value.values) if isinstance(value, ListValueNode) else 1
        return lambda _: fixed


def _longest(lengths: list[Length]) -> Length | None:
    if not lengths:
        return None
    return lambda variables: max(length(variables) for length in lengths) or USUAL_PAGE
