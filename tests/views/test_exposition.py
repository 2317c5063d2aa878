"""A page of metrics is made in slices, and is what prometheus_client makes at once."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from monitoring.instruments import Histogram
from tests.support.http import Site
from tests.support.scraping import Figures
from views import exposition

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN = "application/openmetrics-text; version=1.0.0"


def registry() -> CollectorRegistry:
    """Some metrics of each kind, with an exemplar."""
    made = CollectorRegistry()
    Counter("things", "Things", ["of"], registry=made).labels("a").inc(3)
    Gauge("level", "A level", registry=made).set(2.5)
    Histogram("seconds", "How long", buckets=(0.1, 1.0), registry=made).observe(0.5, {"trace_id": "4bf9"})
    return made


async def test_it_is_the_same_page() -> None:
    """In both formats; exemplars are in one of them only, and so is the mark of the end, once."""
    made = registry()
    plain = await exposition.page(made, "text/plain")
    assert plain.body == generate_latest(made)
    assert "4bf9" not in (plain.text or "")
    open_ = await exposition.page(made, OPEN)
    assert open_.body == openmetrics.generate_latest(made)  # type: ignore[no-untyped-call]
    assert 'trace_id="4bf9"' in (open_.text or "")
    assert (open_.text or "").count("# EOF") == 1


async def test_others_get_their_turn() -> None:
    """Between any two metrics."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await exposition.page(registry(), "")
    assert turns >= 3
    task.cancel()


async def test_it_is_on_the_api_s_port(site: Site) -> None:
    """For operators; see tests of tokens for who is none."""
    answer = await site.session.get("/metrics", headers={"Tasksys-Actor": "olga"})
    assert answer.status == 200
    assert answer.content_type == "text/plain"
    assert Figures(await answer.text()).has("tasksys_transactions_total")
