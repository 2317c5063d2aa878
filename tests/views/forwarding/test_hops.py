"""One hop at most: who believes what of whom, and what clients may pretend."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from monitoring import metrics
from tasksys.ownership import Ownership
from tests.support.http import Space, new_space, running
from tests.support.waiting import until
from tests.support.workers import CLUSTER, Worker, worker
from tests.views.tokens import SHARED, bearer, signed
from views.auth import JwtAuthentication
from views.forwarding.proofs import HEADER, Hop, Proofs
from views.log import logger

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGE = "another key of another cluster, long"


async def test_two_that_believe_of_each_other(site: Worker) -> None:
    """The request makes one hop, again and again until its time is up, and never goes round."""
    async with worker(None, None, wait=0.5) as one, worker(None, one.url, wait=0.5) as two:
        one.believing.believe(two.url)
        began = time.monotonic()
        answer = await one.client().get("/api/v1/workspaces/any/tasks")
        assert answer.problem(503, "not-ready")
        assert answer.headers["Retry-After"]
        assert 0.4 < time.monotonic() - began < 5


async def test_who_is_behind_is_asked_again(owner: Worker, space: Space) -> None:
    """A worker that does not know yet that it has the workspace says so to the other worker, not to the client."""
    async with worker(owner.believing.node, None) as late, worker(None, late.url) as other:
        late.believing.believe(owner.url)
        asked = asyncio.create_task(other.client().get(f"{space.prefix}/tasks"))
        await asyncio.sleep(0)
        late.believing.believe("")
        assert (await asked).status == 200


async def test_nobody_has_it_for_a_moment(owner: Worker, space: Space) -> None:
    """Requests of all kinds wait for that."""
    async with worker(None, None) as other:
        there = Space(other.session, space.headers, space.prefix, space.id)
        asked = [asyncio.create_task(one) for one in (there.get("/tasks"), there.post("/tasks", {"title": "Late"}))]
        await until(lambda: len(other.forwarder.waiting) == 2)
        other.believing.believe(owner.url)
        read, written = [await one for one in asked]
        assert (read.status, written.status) == (200, 201)


async def test_no_proof_no_hop(owner: Worker, other: Worker, space: Space) -> None:
    """A forged proof, one of another request, two of them: as if none were there; and a client's does not go on."""
    target = f"{space.prefix}/tasks"
    good = Proofs(CLUSTER).prove("GET", target, Hop("192.0.2.1", 1))
    stale = Proofs(CLUSTER, lambda: time.time() - 3600).prove("GET", target, Hop("192.0.2.1", 1))
    for proof in ("", "v1 1 2 3 4 5", stale, good.replace("192.0.2.1", "192.0.2.2")):
        assert (await other.client().get(target, headers={HEADER: proof})).status == 200
    assert (await other.client().get(f"{target}?limit=1", headers={HEADER: good})).status == 200
    assert (await other.client().get(target, headers={HEADER: good})).status == 421, "a proof is a worker's word"


async def test_workers_of_other_keys(owner: Worker, space: Space, caplog: pytest.LogCaptureFixture) -> None:
    """They cannot know each other: the request does not go round between them, and the log says what to do, once."""
    logger.disabled = False
    async with worker(None, None, key=STRANGE) as one, worker(None, one.url) as two:
        one.believing.believe(two.url)
        for method in ("GET", "GET", "POST"):
            answer = await two.client().send(method, f"{space.prefix}/tasks")
            assert "operators" in answer.problem(503, "not-ready")["detail"]
    assert sum("same --secret-key" in one.getMessage() for one in caplog.records) == 1


@pytest.mark.parametrize("path", ["/api/v1/workspaces", "/admin/lag", "/admin/dead-letters", "/admin/status"])
async def test_strangers_do_not_ask_each_other_in_circles(site: Worker, path: str) -> None:
    """What is asked of everybody is asked by one only, though the others do not know that somebody asks already."""
    async with (
        worker(site.node, "", wait=0.5) as one,
        worker(site.node, "", wait=0.5, key=STRANGE) as two,
        worker(site.node, "", wait=0.5, key=STRANGE[::-1]) as three,
    ):
        for each in (one, two, three):
            each.believing._known = Ownership(1, {0: one.url, 1: two.url, 2: three.url, 3: three.url})
        before = asked(path)
        answer = await one.client().get(path)
        tries = asked(path) - before
        if path.endswith("status"):
            told = {each["url"]: each["ready"] for each in answer.ok["workers"]}
            assert told == {one.url: True, two.url: False, three.url: False}
            assert tries == 3
        else:
            answer.problem(503, "not-ready")
            assert tries <= 1 + 2 * 8
        refused = await one.client().post("/admin/replay", {})
        assert "operators" in refused.problem(503, "not-ready")["detail"]


def asked(path: str) -> float:
    """Requests that all workers together have answered there."""
    return sum(
        sample.value
        for metric in metrics.HTTP_REQUESTS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels["route"] == path
    )


@pytest.mark.parametrize("name", ["1.1 tasksys.example.com (Apache/2.4)", "1.0 fred, 1.1 tasksys"])
async def test_a_proxy_with_a_name_like_ours(other: Worker, space: Space, name: str) -> None:
    """What stands in `Via` turns nobody away; only a worker's proof beside it that does not hold."""
    assert (await other.client().get(f"{space.prefix}/tasks", headers={"Via": name})).status == 200
    assert (await other.client().get("/api/v1/workspaces", headers={"Via": name})).status == 200
    both = {"Via": name, HEADER: "v1 1 2 3 4 5"}
    refused = await other.client().get(f"{space.prefix}/tasks", headers=both)
    assert refused.status == (503 if name.endswith("tasksys") else 200)


async def test_who_asks_is_found_out_by_the_owner(tmp_path: Path) -> None:
    """A worker hands on the token as it came; a proof opens nothing by itself."""
    auth = JwtAuthentication(SHARED)
    async with (
        running(tmp_path) as site,
        worker(site.node, "", authenticator=auth) as owner,
        worker(None, owner.url, authenticator=auth) as other,
    ):
        headers = bearer(signed())
        made = await other.client().post("/api/v1/workspaces", {"name": "Acme"}, headers=headers)
        path = f"/api/v1/workspaces/{made.ok['id']}"
        assert (await other.client().get(path, headers=headers)).ok["role"] == "owner"
        (await other.client().get(path)).problem(401, "unauthorised")
        (await other.client().get(path, headers=bearer(signed(sub="eve")))).problem(404, "not-found")
        proof = Proofs(CLUSTER).prove("GET", path, Hop("192.0.2.1", 1))
        (await owner.client().get(path, headers={HEADER: proof})).problem(401, "unauthorised")


async def test_the_proof_says_who_asked(owner: Worker, space: Space) -> None:
    """The audit names the client's address, which is not the other worker's; without a proof nobody's word counts."""
    path = f"{space.prefix}/tasks"
    proof = Proofs(CLUSTER).prove("POST", path, Hop("192.0.2.7", 1))
    made = await owner.client().post(path, {"title": "From afar"}, headers={HEADER: proof})
    forged = await owner.client().post(path, {"title": "Not"}, headers={"X-Forwarded-For": "192.0.2.9"})
    events = (await space.get("/events", after=made.ok["position"] - 1)).ok["items"]
    assert [one["source"].split()[0] for one in events] == ["192.0.2.7", "127.0.0.1"]
    assert forged.status == 201


async def test_new_workspaces_find_their_owner(owner: Worker) -> None:
    """Though the address does not name them."""
    async with worker(None, owner.url) as other:
        space = await new_space(other.client())
        assert (await Space(owner.session, space.headers, space.prefix, space.id).get()).status == 200
