"""GraphQL over HTTP, judged by the audit of those who wrote the specification."""

import asyncio
import json
from pathlib import Path

FOLDER = Path(__file__).parent


async def test_nothing_is_left_to_wish_for(api):
    # Without Node.js, or before `make test` has installed the audit, this fails.
    audit = await asyncio.create_subprocess_exec(
        "node",
        FOLDER / "audit.mjs",
        f"{api.base_url}/graphql",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await audit.communicate()
    assert audit.returncode == 0, errors.decode()
    results = json.loads(output)
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == 61
