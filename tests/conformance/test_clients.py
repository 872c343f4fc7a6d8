"""Clients, compilers, linters and gateways that others wrote get along with the API."""

import pytest


@pytest.mark.parametrize("suite", ["sockets", "server_sent", "relay", "typed_client", "linters"])
async def test_nothing_is_left_to_wish_for_by(suite, served, node):
    told = await node("--test", f"{suite}.test.mjs", api=served)
    assert "# fail 0" in told


async def test_clients_hear_that_their_key_is_not_good(guarded, node):
    told = await node("--test", "keys.test.mjs", **guarded)
    assert "# fail 0" in told


async def test_a_gateway_puts_our_lists_into_the_graph_of_a_shop(subgraph, node):
    told = await node("--test", "federation.test.mjs", api=subgraph)
    assert "# fail 0" in told
