"""Every operation of the reference, asked at random: what it answers is what the reference says.

`TASKSYS_FUZZ_EXAMPLES` sets how many requests are made of each kind; 1,000 take about half an hour.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tasksys import codec
from tasksys.outcomes import OutcomeStatus
from tests.support.http import OWNER, Site, Space, running
from views import stale
from views.context import Bounds
from views.openapi import document
from views.server import ROUTES

pytestmark = pytest.mark.asyncio(loop_scope="module")

schemathesis.serializer.alias(["text/calendar", "text/csv"], "text/plain")

EXAMPLES: Final = int(os.environ.get("TASKSYS_FUZZ_EXAMPLES", "15"))
TIMEOUT: Final = 30
STREAMED: Final = 2
"""Seconds of an answer, and of one that does not end: it is looked at as far as it came by then."""

SCHEMA: Final = schemathesis.openapi.from_dict(json.loads(codec.encode_json(document(ROUTES))))
OPERATIONS: Final = {
    f"{one.method.upper()} {one.path}": one for one in (one.ok() for one in SCHEMA.get_all_operations())
}

CHECKS: Final = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A running system that waits for nothing long: most positions that are made up never come."""
    async with running(tmp_path_factory.mktemp("site"), bounds=Bounds(view=0.05)) as site:
        yield site


async def furnished(space: Space) -> dict[str, str]:
    """What there is to name in addresses."""
    await space.put("/members/ann", {"role": "editor"})
    await space.project(project="home")
    await space.post("/projects/home/sections", {"name": "To do", "section": "todo"})
    await space.task(task="milk", project="home", section="todo")
    await space.task("Bread", task="bread")
    await space.post("/tasks/milk/links", {"link": "blocks", "other": "bread"})
    await space.post("/tasks/milk/checklist", {"title": "Oat", "item": "oat"})
    await space.post("/tasks/milk/comments", {"body": "Two", "comment": "two"})
    await space.post("/tasks/milk/reminders", {"trigger": {"at": "2126-03-08T09:00:00Z"}, "reminder": "bell"})
    await space.put("/preferences/channels/phone", {"kind": "webhook", "target": "https://example.org/hook"})
    await space.post("/commands", {"type": "CompleteTask", "id": "done", "task": "bread"})
    plants = {"template": {"title": "Plants"}, "rule": "FREQ=DAILY", "anchor": {"date": "2126-03-08"}}
    await space.post("/filters", {"name": "Urgent", "saved": "urgent", "filter": "priority >= high"})
    await space.post("/series", {**plants, "series": "plants"})
    return {
        "ws": space.id, "user": "ann", "project": "home", "section": "todo", "task": "milk", "link": "blocks",
        "other": "bread", "item": "oat", "comment": "two", "reminder": "bell", "command": "done", "series": "plants",
        "channel": "phone", "letter": "0-0", "saved": "urgent",
    }  # fmt: skip


def no_fault(ctx: Any, response: Any, case: Any) -> bool | None:
    """No 5xx but 504: a view does not reach a position that nobody has written."""
    return None if response.status_code == 504 else not_a_server_error(ctx, response, case)


def refused(ctx: Any, response: Any, case: Any) -> bool | None:
    """Refused as wrong; the check does not know all the ways to say so.

    A batch tells of each command alone, and who does not wait asks for the outcome later.
    """
    alone = any(isinstance(one, dict) and one.get("status") == OutcomeStatus.REFUSED for one in _items(response))
    said = alone or response.status_code in (202, 412, 413, 417, 431)
    return None if said else negative_data_rejection(ctx, response, case)


def _items(response: Any) -> list[Any]:
    found = response.json() if "json" in response.headers.get("Content-Type", [""])[0] else None
    return found.get("items", []) if isinstance(found, dict) else []


def takes_more(name: str) -> bool:
    """Whether the operation takes anything besides what is in its address that can be wrong."""
    operation = OPERATIONS[name]
    headers = [one for one in operation.headers if one.name != stale.ASKED]  # any other word means nothing
    return bool(operation.query or headers or operation.body)


def asked(name: str, url: str, named: dict[str, str], negative: bool) -> None:
    """Makes the requests and checks the answers. Blocks."""
    operation, session = OPERATIONS[name], requests.Session()
    in_path = {one.name for one in operation.path_parameters}
    mode = schemathesis.GenerationMode.NEGATIVE if negative else schemathesis.GenerationMode.POSITIVE
    fixed: dict[str, Any] = {"path_parameters": {one: named[one] for one in in_path}} if in_path else {}
    if negative and not takes_more(name):
        fixed = {}  # only the address can be wrong
    timeout = STREAMED if name.endswith("/stream") else TIMEOUT
    checks: list[Callable[..., Any]] = [no_fault, *CHECKS, *([refused] if negative else [])]

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(mode, **fixed))
    def run(case: Any) -> None:
        if isinstance(case.query, dict):
            case.query.pop("wait", None)
        headers = {"Tasksys-Actor": OWNER}
        case.call_and_validate(base_url=url, session=session, headers=headers, checks=checks, timeout=timeout)

    with session:
        run()


@pytest.mark.parametrize("name", OPERATIONS)
async def test_what_the_reference_allows(site: Site, space: Space, name: str) -> None:
    """Data as the schema has it, about things that are there."""
    await asyncio.to_thread(asked, name, site.url, await furnished(space), negative=False)
    assert (await site.client().get("/ready")).status == 200


@pytest.mark.parametrize("name", OPERATIONS)
async def test_what_the_reference_forbids(site: Site, space: Space, name: str) -> None:
    """Data that breaks the schema somewhere is refused, and changes nothing by accident."""
    if not (takes_more(name) or OPERATIONS[name].path_parameters):
        pytest.skip("it takes nothing that could be wrong")
    await asyncio.to_thread(asked, name, site.url, await furnished(space), negative=True)
    assert (await site.client().get("/ready")).status == 200
