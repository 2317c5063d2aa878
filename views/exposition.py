"""The metrics of this process as Prometheus reads them, made in slices: the event loop has other things to do.

Some thousand series take 20 ms to write out. Each metric is a slice of its own, and others get their turn in between.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

END: Final = b"# EOF\n"
"""Ends a page of OpenMetrics, and would end each of its slices."""


@dataclass(frozen=True)
class _Slice(Collector):
    """One metric, as something that can be encoded."""

    metric: Metric

    def collect(self) -> Iterable[Metric]:
        return (self.metric,)


async def page(registry: CollectorRegistry, accept: str) -> web.Response:
    """All metrics of the registry; in the format of OpenMetrics, which alone has exemplars, if that is asked for."""
    encoder, content_type = choose_encoder(accept)
    parts = list[bytes]()
    for metric in registry.collect():
        parts.append(encoder(_Slice(metric)).removesuffix(END))
        await asyncio.sleep(0)
    if "openmetrics" in content_type:
        parts.append(END)
    return web.Response(body=b"".join(parts), headers={"Content-Type": content_type})
