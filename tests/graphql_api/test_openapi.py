"""The OpenAPI document is no lie: requests are made from it, good and bad, and what it says is
what happens.
"""

import asyncio
import sys
from pathlib import Path

import pytest

from graphql_api.openapi import document

pytestmark = pytest.mark.usefixtures("shop")


async def test_what_is_served_is_the_document(api):
    response = await api.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    assert response.json() == document(100, "http://127.0.0.1:8000")


async def test_every_request_made_from_the_document_is_answered_as_it_says(api, tmp_path):
    schemathesis = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "schemathesis",
        *("run", f"{api.base_url}/openapi.json", "--url", str(api.base_url)),
        *("--checks", "all", "--max-examples", "60", "--seed", "1", "--no-color"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    output, _ = await schemathesis.communicate()
    assert schemathesis.returncode == 0, output.decode()
    assert b"2 operations" in output or b"Selected: 2/2" in output, output.decode()
