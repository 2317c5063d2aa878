"""Every panel of every dashboard shows something: two real workers on a real Kafka, scraped by a real Prometheus.

`TASKSYS_PICTURES=DIRECTORY` keeps pictures of the dashboards there.
"""

from __future__ import annotations

import asyncio
import copy
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.monitoring.panels import Painter
from tests.support.kafka_broker import KafkaBroker, install
from tests.support.monitoring.dashboards import FILES, Shown, every, filled, read
from tests.support.monitoring.receivers import Inbox
from tests.support.monitoring.shipping import LokiReceiver, Telegraf
from tests.support.monitoring.stack import Stack
from tests.support.monitoring.system import exporting
from tests.support.monitoring.workload import Workload, started
from tests.support.ports import HOST
from tests.support.serving import Serving
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.monitoring, pytest.mark.kafka, pytest.mark.timeout(900)]

FASTER: Final = 15.0  # so Prometheus scrapes once a second
PANELS: Final = [panel for panel in every() if panel.datasource == "prometheus"]


@dataclass(frozen=True)
class Observed:
    """A stack that saw the workload, between two instants."""

    stack: Stack
    start: float
    end: float

    @property
    def painter(self) -> Painter:
        """Asks and draws what was seen."""
        return Painter(self.stack.url, self.start, self.end, scrape=5)  # rates over 20 s: the machine may be slow


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """The workload, observed by everything that is there."""
    install()
    base = tmp_path_factory.mktemp("observed")
    with ExitStack() as running:
        broker = running.enter_context(KafkaBroker(base / "kafka"))
        url = f"kafka://{broker.bootstrap}"
        options = ("--broker", url, "--partitions", "4", "--allow-private-webhooks", "--log-format", "json")
        settings = {
            "TASKSYS_SECRET_KEY": "k" * 40, "TASKSYS_TRACE_SAMPLE": "1", "TASKSYS_OTLP_ENDPOINT": f"http://{HOST}:9",
        }  # fmt: skip
        workers = [Serving(base / f"worker-{number}", *options, settings=settings) for number in (1, 2)]
        for worker in workers:
            running.callback(worker.stop)
            started(worker)
        exporter = running.enter_context(exporting(base / "exporter", url))
        loki = running.enter_context(LokiReceiver())
        shipper = running.enter_context(
            Telegraf(base / "telegraf", loki.url, TASKSYS_LOGS=str(base / "worker-*/said.log"))
        )
        inbox = running.enter_context(Inbox.listening())
        targets = {
            "tasksys": [f"{HOST}:{worker.metrics_port}" for worker in workers],
            "tasksys-lag": [exporter.ready.split("/")[2]],
            "telegraf": [shipper.address],
        }
        stack = running.enter_context(Stack(base / "stack", targets, inbox=inbox, faster=FASTER, host=True))
        stack.scraped()
        start = time.time()
        asyncio.run(_work(workers, broker.bootstrap))
        wait_until(lambda: stack.query("tasksys_replays_total"), "a scrape of what was done last")
        yield Observed(stack, start, time.time())


async def _work(workers: list[Serving], bootstrap: str) -> None:
    """An outage first, and at the end what goes on while instant queries are asked."""
    async with Workload(workers, bootstrap) as workload:
        await workload.busy(rounds=2)
        await workload.rebalance()
        await workload.outage()
        for _ in range(3):
            await asyncio.gather(*(workload.everyday(space, 1) for space in workload.spaces))
        await workload.reminders(timedelta(seconds=8))
        await workload.mistakes()
        await workload.poison()
        await workload.replay()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_a_panel_shows_something(observed: Observed, panel: Shown) -> None:
    """Each of its queries has an answer with numbers in it."""
    series = observed.painter.asked(panel, 800)
    silent = {
        target["refId"] for number, target in enumerate(panel.targets) if number not in {one.query for one in series}
    }
    assert not silent, [target["expr"] for target in panel.targets if target["refId"] in silent]
    assert all(one.name for one in series)


def test_a_misspelt_metric_shows_nothing(observed: Observed) -> None:
    """This is what a mistake looks like, so the test above can fail."""
    panel = next(panel for panel in PANELS if panel.title == "Requests by answer")
    wrong = copy.deepcopy(panel.json)
    wrong["targets"][0]["expr"] = wrong["targets"][0]["expr"].replace("requests_total", "request_total")
    assert observed.painter.asked(panel, 800)
    assert observed.painter.asked(Shown(panel.dashboard, wrong), 800) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_there_is_something_to_choose(observed: Observed, path: Path) -> None:
    """Each variable has values."""
    for variable in read(path)["templating"]["list"]:
        if variable["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"])
            assert asked is not None
            found = {sample.labels.get(asked[2]) for sample in observed.stack.query(filled(asked[1]))}
            assert found - {None, ""}, variable["name"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dashboard_is_drawn(observed: Observed, path: Path, tmp_path: Path) -> None:
    """Pictures of all of its panels, from the same queries."""
    into = Path(os.environ.get("TASKSYS_PICTURES", tmp_path))
    assert observed.painter.board(path, into / f"{path.stem}.png") == []
    assert (into / f"{path.stem}.png").stat().st_size > 100_000
