"""A running system, a worker that has everything, and one that believes so."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.http import Site, Space, new_space, running
from tests.support.workers import Worker, worker


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A running system."""
    async with running(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(site: Site) -> AsyncIterator[Worker]:
    """The worker that has everything."""
    async with worker(site.node, "") as owner:
        yield owner


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other(owner: Worker) -> AsyncIterator[Worker]:
    """A worker that has nothing."""
    async with worker(None, owner.url) as other:
        yield other


@pytest_asyncio.fixture(loop_scope="module")
async def space(other: Worker) -> Space:
    """A new workspace, as its owner sees it through the worker that has nothing."""
    return await new_space(other.client())
