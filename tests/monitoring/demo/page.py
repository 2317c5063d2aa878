"""The page that is written of a run: monitoring/docs/demonstration/README.md."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.monitoring.demo.evidence import Fault, Message
from tests.support.monitoring.stack import AGES

HEAD: Final = """# A demonstration: four faults, and how they are seen

This page is written by a program, which breaks a system that runs under load and keeps what its monitoring shows:
messages as they came, panels, traces and lines of the log. `make observe` makes it anew, in {minutes} minutes and those
that the tools take to install; it fails if an alert does not arrive, or if a panel does not show what it should.

What runs: Kafka with one broker; two `tasksys serve`, which share four partitions; the lag exporter; Prometheus,
Alertmanager and the node exporter with the files of this directory; a receiver of traces (OTLP), and one of messages in
the place of Slack, PagerDuty and the mail relay. Eight users make, complete and list tasks all the time: {requests}
requests in this run, and {spans} spans, for every trace is sampled.

- **When and where:** {day} UTC, {system}, {cores} cores, Python {python}, {versions}. Other programs ran on
  the machine at the same time.
- **Time is scaled.** Intervals, windows, `for:` and Alertmanager's waits are divided by {faster}: Prometheus scrapes
  every {scrape} s instead of 15, and `for: 5m` is {five} s. Ages that lag is compared with are divided by {ages}.
  Times on this page are real seconds. tasksys itself, its sessions and its retries are not scaled; the lag exporter
  asks every second instead of every ten.
- **Names:** {workers} for Prometheus. Links in messages led to this run's own addresses, and are underlined here.
- **Not here:** Grafana, Loki and Jaeger. Panels are drawn from the dashboards' queries by
  [a painter of ours](../grafana.md#pictures-without-grafana); lines are what a shipper would ship.

| fault | alert | told after | over after |
| --- | --- | --- | --- |"""


@dataclass(frozen=True)
class Run:
    """One run: its faults, what else was drawn, and what it was made with."""

    faults: Sequence[Fault]
    pictures: Sequence[tuple[str, str, str]]
    names: Sequence[tuple[str, str]]
    """Names of workers, and the instances that Prometheus calls them."""
    messages: Sequence[Message]
    start: float
    end: float
    faster: float
    versions: str
    requests: int
    spans: int


def written(run: Run) -> str:
    """The page as Markdown."""
    return "\n".join((*_head(run), *(line for fault in run.faults for line in _fault(fault)), *_foot(run))) + "\n"


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _head(run: Run) -> Iterator[str]:
    yield HEAD.format(
        minutes=math.ceil((run.end - run.start) / 60), requests=f"{run.requests:,}", spans=f"{run.spans:,}",
        day=_day(run.start), system=f"{platform.system()} on {platform.machine()}", cores=os.cpu_count(),
        python=platform.python_version(), versions=run.versions, faster=f"{run.faster:g}",
        scrape=f"{15 / run.faster:g}", five=f"{300 / run.faster:g}", ages=f"{AGES:g}",
        workers=", ".join(f"`{name}` is `{instance}`" for name, instance in run.names),
    )  # fmt: skip
    for fault in run.faults:
        if fault.skipped or fault.told is None:
            yield f"| {fault.title} | `{fault.alert}` | left out | |"
            continue
        over = next((one for one in fault.moments if "RESOLVED" in one.what), None)
        ended = f"{over.at - fault.start:.0f} s" if over else "silenced"
        runbook = f"[`{fault.alert}`](../runbooks/{fault.alert}.md)"
        told = f"{fault.told.at - fault.start:.0f} s"
        yield f"| [{fault.title}](#{_anchor(fault.title)}) | {runbook} | {told} | {ended} |"
    yield ""


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _fault(fault: Fault) -> Iterator[str]:
    yield f"## {fault.title}"
    yield ""
    if fault.skipped:
        yield fault.skipped
        yield ""
        return
    yield fault.story
    yield ""
    yield f"It begins at {_clock(fault.start)} UTC."
    yield ""
    yield "| after | what |"
    yield "| ---: | --- |"
    for moment in fault.moments:
        yield f"| {moment.at - fault.start:.1f} s | {moment.what} |"
    yield ""
    if fault.told is not None:
        yield "The message in Slack:"
        yield ""
        yield from _quoted(fault.told)
        yield ""
    for name, title, remark in fault.pictures:
        yield f"![{title}]({name})"
        yield ""
        yield f"*{title}.* {remark}"
        yield ""
    for what, said in fault.said:
        yield f"{what}:"
        yield ""
        yield from ("```text", said, "```", "")
    yield f"A trace, `{fault.trace}`. {fault.remark}"
    yield ""
    yield "```text"
    yield from fault.tree
    yield "```"
    yield ""
    yield "Lines of the log:"
    yield ""
    yield "```json"
    yield from fault.lines
    yield "```"
    yield ""


def _quoted(message: Message) -> Iterator[str]:
    yield f"> **{message.title}**"
    yield ">"
    for line in message.text.strip().splitlines():
        shown = line
        if line.startswith("*") and line.endswith("*"):
            shown = f"**{line.strip('*')}**"
        elif line.startswith("<"):
            shown = _links(line)
        yield f"> {shown}  "


def _links(line: str) -> str:
    """Slack's links as their texts: they lead to this run's own addresses."""
    parts = [part.strip() for part in line.split(" · ")]
    return " · ".join(f"<u>{part.strip('<>').split('|')[-1]}</u>" for part in parts)


def _foot(run: Run) -> Iterator[str]:
    yield "## All of it"
    yield ""
    for name, title, remark in run.pictures:
        yield f"![{title}]({name})"
        yield ""
        yield f"*{title}.* {remark}"
        yield ""
    yield "Every message that came, in its order. `TargetAbsent` and `HostClockWrong` are about the place: some"
    yield "components do not run here, and the clock is a virtual machine's. `HttpErrorBudgetBurn` follows the dead"
    yield "worker: its users were told 503 until the other one had their workspaces."
    yield ""
    yield "| time | to | message |"
    yield "| --- | --- | --- |"
    for one in run.messages:
        yield f"| {_clock(one.at)} | {one.to} | {one.title} |"
    yield ""


def save(run: Run, into: Path) -> None:
    """Writes it."""
    (into / "README.md").write_text(written(run))
