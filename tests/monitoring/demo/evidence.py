"""What is kept of a fault: messages as they came, alerts by Prometheus, a trace as a tree, and lines of the logs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.support.monitoring.otlp import Collector, Spanned
from tests.support.monitoring.receivers import Inbox
from tests.support.monitoring.stack import Stack
from tests.support.serving import Serving

LINES: Final = 6
SPANS: Final = 16
FIELDS: Final = (
    "timestamp", "level", "component", "agent", "instance", "message", "operation", "status", "duration_seconds",
    "command_id", "trace_id", "span_id", "offset", "channel", "attempt", "error",
)  # fmt: skip
"""Fields of a line that the page shows, where a line has them."""


@dataclass(frozen=True)
class Moment:
    """Something that happened, in seconds since 1970."""

    at: float
    what: str


@dataclass(frozen=True)
class Message:
    """What came to a receiver, and when."""

    at: float
    to: str
    title: str
    text: str = ""

    @property
    def over(self) -> bool:
        """Whether it says that something is over."""
        return self.title.startswith("RESOLVED") or "resolve" in self.text[:8]


@dataclass
class Fault:
    """One fault and all that was seen of it."""

    name: str
    title: str
    alert: str
    story: str = ""
    start: float = 0.0
    end: float = 0.0
    skipped: str = ""
    moments: list[Moment] = field(default_factory=list)
    told: Message | None = None
    pictures: list[tuple[str, str, str]] = field(default_factory=list)
    """File, title of the panel, and what it shows here."""
    trace: str = ""
    tree: list[str] = field(default_factory=list)
    remark: str = ""
    """What the tree shows."""
    lines: list[str] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    """What else was asked, and what was answered."""

    def mark(self, what: str) -> float:
        """Notes that something happened just now."""
        now = time.time()
        self.start = self.start or now
        self.moments.append(Moment(now, what))
        return now


class Watcher:
    """Notes when each message came to the inbox."""

    def __init__(self, inbox: Inbox) -> None:
        self.messages: list[Message] = []
        self._inbox = inbox
        self._ended = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Until the end."""
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _watch(self) -> None:
        inbox, seen = self._inbox, [0, 0, 0]
        while not self._ended.wait(0.1):
            now = time.time()
            slack, calls, mails = inbox.slack[seen[0] :], inbox.pagerduty[seen[1] :], inbox.mails[seen[2] :]
            for one in slack:
                attachment = one["attachments"][0]
                self.messages.append(Message(now, "Slack", attachment["title"], attachment["text"]))
            for one in calls:
                title = str(one.get("payload", {}).get("summary", "")) or one["event_action"]
                self.messages.append(Message(now, "PagerDuty", title, one["event_action"]))
            self.messages += [Message(now, "mail", str(mail["Subject"])) for mail in mails]
            seen = [seen[0] + len(slack), seen[1] + len(calls), seen[2] + len(mails)]

    def came(self, part: str, since: float, *, over: bool = False, to: str = "Slack") -> Message | None:
        """The first message to somebody since then that speaks of that."""
        for one in self.messages:
            if one.at < since or one.to != to:
                continue
            if over and f"Over: {part}" in one.text.replace("*", ""):
                return one
            if not over and not one.over and part in one.title + one.text:
                return one
        return None


def states(stack: Stack, alert: str, since: float) -> Iterator[Moment]:
    """When an alert became pending, and when it fired, by Prometheus."""
    seconds = time.time() - since + 1
    for state, said in (("pending", "becomes pending"), ("firing", "fires")):
        found = stack.query_range(f'ALERTS{{alertname="{alert}", alertstate="{state}"}}', seconds)
        for severity in sorted({one["metric"]["severity"] for one in found}):
            stamps = [float(at) for one in found if one["metric"]["severity"] == severity for at, _ in one["values"]]
            if min(stamps) >= since:
                yield Moment(min(stamps), f"`{alert}` ({severity}) {said}")


# --- traces


def slowest(collector: Collector, start: float, end: float, through: str = "fold commands") -> str:
    """The trace that took longest, of the requests that began between two instants and whose command was folded."""
    folded = {one.trace for one in list(collector.spans) if one.name == through}
    roots = [
        one
        for one in list(collector.spans)
        if one.name.startswith("HTTP POST") and not one.parent and start <= one.began / 1e9 <= end
    ]
    whole = [one for one in roots if one.trace in folded]
    assert whole, f"no trace of a command between {start} and {end}, of {len(roots)} requests"
    return max(whole, key=lambda one: _length(collector.trace(one.trace))).trace


def _length(spans: list[Spanned]) -> int:
    return max(one.ended for one in spans) - spans[0].began


def dead(collector: Collector, trace: str) -> bool:
    """Whether the fold of a trace's record has come."""
    return any(one.name == "fold commands" for one in collector.trace(trace))


def failed(collector: Collector, name: str, since: float) -> str:
    """The trace of the first span of that name that failed since then; blank for none."""
    found = [one for one in collector.named(name) if one.failed and one.began / 1e9 >= since]
    return found[0].trace if found else ""


def tree(collector: Collector, trace: str) -> list[str]:
    """A trace as lines: who, when after its beginning, for how long, and what came of it."""
    spans = collector.trace(trace)
    known, began = {one.id for one in spans}, spans[0].began
    rows: list[tuple[str, str, str, str]] = []

    def show(one: Spanned, depth: int) -> None:
        after, took = (one.began - began) / 1e6, (one.ended - one.began) / 1e6
        rows.append(("  " * depth + one.name, f"+{after:.1f} ms", f"{took:.1f} ms", _about(one)))
        for below in spans:
            if below.parent == one.id:
                show(below, depth + 1)

    for one in spans:
        if one.parent not in known:
            show(one, 0)
    width = max(len(name) for name, *_ in rows)
    lines = [f"{name:<{width}} {after:>12} {took:>12}  {about}".rstrip() for name, after, took, about in rows]
    return [*lines[:SPANS], *([f"… and {len(lines) - SPANS} spans more"] if len(lines) > SPANS else [])]


def _about(one: Spanned) -> str:
    shown = {
        "tasksys.outcome": "", "tasksys.attempt": "attempt ", "tasksys.result": "", "http.response.status_code": "",
        "messaging.batch.message_count": "records: ",
    }  # fmt: skip
    said = [f"{before}{one.attributes[name]}" for name, before in shown.items() if name in one.attributes]
    instance = str(one.resource.get("service.instance.id", ""))
    return ", ".join([*([f"FAILED: {one.reason}"] if one.failed else []), *said, instance])


# --- lines


def related(collector: Collector, trace: str) -> frozenset[str]:
    """A trace and those that its first span links to, as a firing does to what set its reminder."""
    return frozenset((trace, *(linked for linked, _ in collector.trace(trace)[0].links)))


def lines(
    workers: Iterable[Serving], base: Path, start: float, end: float, traces: frozenset[str], *more: str
) -> list[str]:
    """Lines of the logs that belong to one of the traces, or have one of the given texts; a few, in order."""
    found: list[tuple[float, bool, str]] = []
    messages: set[tuple[str, str]] = set()
    for worker in workers:
        for text in worker.output().splitlines():
            line = _read(text)
            if line is None:
                continue
            at = datetime.fromisoformat(line["timestamp"]).astimezone(UTC).timestamp()
            belongs = line.get("trace_id") in traces
            if not start <= at <= end or not (belongs or any(one in text for one in more)):
                continue
            about = (line["message"][:40], "" if belongs else str(line.get("level")))
            if about in messages and not belongs:
                continue
            messages.add(about)
            shown = {name: line[name] for name in FIELDS if line.get(name) not in (None, "")}
            found.append((at, belongs, json.dumps(shown, ensure_ascii=False).replace(str(base), "…")))
    kept = sorted(found, key=lambda one: (not one[1], one[0]))[:LINES]
    return [text for _, _, text in sorted(kept)]


def _read(text: str) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and "timestamp" in line else None
