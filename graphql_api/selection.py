"""What a request wants to know, so that nothing else is worked out."""

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    InlineFragmentNode,
    SelectionSetNode,
)
from strawberry import Info

from graphql_api.context import Context


def names_below(info: Info[Context, None]) -> frozenset[str]:
    """The names of all fields that are selected anywhere below this one.

    What a directive may leave out counts as selected: it may be asked for.
    """
    raw: GraphQLResolveInfo[Context] = info._raw_info  # noqa: SLF001 (its own selected_fields takes longer)
    if len(raw.field_nodes) > 1:
        return _names_below(raw)
    # Kept on the node, as documents are kept.
    kept: frozenset[str] | None = vars(raw.field_nodes[0]).get("names_below")
    if kept is None:
        kept = vars(raw.field_nodes[0])["names_below"] = _names_below(raw)
    return kept


def _names_below(raw: GraphQLResolveInfo[Context]) -> frozenset[str]:
    names: set[str] = set()
    spread: set[str] = set()
    waiting: list[SelectionSetNode | None] = [node.selection_set for node in raw.field_nodes]
    while waiting:
        selections = waiting.pop()
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                names.add(node.name.value)
                waiting.append(node.selection_set)
            elif isinstance(node, InlineFragmentNode):
                waiting.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                waiting.append(raw.fragments[node.name.value].selection_set)
    return frozenset(names)
