"""`tasksys status`: the workers, and which has which partitions, how far behind; once, or again and again."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from tasksys.cli import output, patience
from tasksys.cli.client import Json
from tasksys.cli.failures import Exit, Failure
from tasksys.cli.options import connected, option
from tasksys.cli.session import Session

STATUS: Final = "/admin/status"

WIDE: Final = 110
"""Columns from which on there is room for positions and copies of each partition."""

NARROW: Final = 76
"""Below so many the agents' lags are one number."""

NOBODY: Final = "–"

BROKER: Final = "broker"
"""What is missing where nothing is heard of the brokers."""

AWAY: Final = "worker"
"""What is missing of a worker that did not answer."""


@dataclass
class Place:
    """A partition: who writes it, who has copies, and how far each agent is."""

    owners: dict[str, str] = field(default_factory=dict)
    """By agent; a partition that moves may be with one worker for one agent, and with another for the next."""
    standbys: list[str] = field(default_factory=list)
    positions: dict[str, int | None] = field(default_factory=dict)
    """How far each agent has folded its topic."""
    """Of the first agent, that of commands: the next record to fold."""
    lags: dict[str, int] = field(default_factory=dict)
    at_least: set[str] = field(default_factory=set)
    """The agents whose lag may be more: nobody could say where the partition ends."""
    recovering: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass
class Worker:
    """A process, by the address that it has for others."""

    url: str
    missing: dict[str, str]
    """What is not ready there, and why."""
    partitions: set[int] = field(default_factory=set)
    copies: set[int] = field(default_factory=set)
    lag: int = 0
    at_least: bool = False
    recovering: int = 0


@dataclass
class Cluster:
    """What the workers tell, put together."""

    broker: str
    agents: list[str]
    workers: dict[str, Worker]
    kept_out: list[Worker]
    """Those that get nothing; their addresses may be others'."""
    places: dict[int, Place]


def cluster(found: Json) -> Cluster:
    """The answer of a server: of all workers that it knows, or, from an older one, of itself."""
    told = found.get("workers") or [found]
    agents = list(dict.fromkeys(name for one in told for name in one.get("agents", {})))
    made = Cluster(str(found.get("broker", "")), agents, {}, [], {})
    for one in told:
        missing = dict(one.get("missing") or ({} if one.get("ready", True) else {"it": "not ready"}))
        worker = Worker(one.get("url", ""), missing)
        if "kept_out" in one:
            made.kept_out.append(worker)
            continue
        made.workers[worker.url] = worker
        for name, agent in one.get("agents", {}).items():
            _add(made.places, worker, name, agent)
    return made


def _add(places: dict[int, Place], worker: Worker, name: str, agent: Json) -> None:
    for one in agent["partitions"]:
        number, lag, recovering = one["partition"], one.get("lag", 0), one.get("recovering", 0)
        place = places.setdefault(number, Place())
        place.owners[name] = worker.url
        place.standbys += [url for url in one.get("standbys", ()) if url not in place.standbys]
        place.positions[name] = one.get("position")
        place.lags[name] = lag
        if one.get("at_least"):
            place.at_least.add(name)
            worker.at_least = True
        place.recovering += recovering
        place.faults += [one["fault"]] if one.get("fault") else []
        worker.partitions.add(number)
        worker.lag += lag
        worker.recovering += recovering
    for one in agent.get("copies", ()):
        worker.copies.add(one["partition"])
        place = places.setdefault(one["partition"], Place())
        if worker.url not in place.standbys:
            place.standbys.append(worker.url)
        worker.recovering += one["recovering"]


def short(url: str) -> str:
    """A worker's address without what all of them have."""
    return url.removeprefix("http://").removeprefix("https://").rstrip("/") or NOBODY


def numbers(found: Iterable[int]) -> str:
    """Numbers as ranges: 0-3, 7."""
    parts: list[list[int]] = []
    for number in sorted(found):
        if parts and number == parts[-1][-1] + 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts) or NOBODY


def shown(told: Cluster, width: int, gone: dict[str, str], note: str = "") -> RenderableType:
    """The tables; `gone` are workers that were there before, and since when they are not."""
    everybody = [*told.workers.values(), *told.kept_out]
    ready = sum(not one.missing for one in everybody)
    head = f"{told.broker}   {ready} of {len(everybody)} workers ready" if told.broker else f"{ready} workers ready"
    parts: list[RenderableType] = [Text(head), Text(), _workers(told, width, gone), Text(), _places(told, width)]
    parts += _missing(everybody)
    parts += [Text(f"partition {number}: {why}", "red") for number, one in told.places.items() for why in one.faults]
    if note:
        parts.append(Text(note, "yellow"))
    return Group(*parts)


def _missing(everybody: list[Worker]) -> Iterable[Text]:
    """What each is not ready for: without brokers that alone, once, for all else follows from it."""
    for why in sorted({one.missing[BROKER] for one in everybody if BROKER in one.missing}):
        yield Text(why, "red")
    for one in everybody:
        if BROKER not in one.missing:
            for name, why in one.missing.items():
                yield Text(f"{short(one.url)}: {name} is not ready: {why}", "yellow")


def _workers(told: Cluster, width: int, gone: dict[str, str]) -> RenderableType:
    columns = ["worker", "state", "partitions", "copies", "lag", "to recover"]
    rows: list[tuple[str | Text, ...]] = []
    for one in told.workers.values():
        state = Text("ready", "green") if not one.missing else Text("not ready", "yellow")
        if AWAY in one.missing:
            state = Text("away", "red")
        rows.append((short(one.url), state, numbers(one.partitions), numbers(one.copies),
                     _number(one.lag, one.at_least), f"{one.recovering:,}"))  # fmt: skip
    rows += [(short(one.url), Text("kept out", "red"), NOBODY, NOBODY, NOBODY, NOBODY) for one in told.kept_out]
    rows += [(Text(short(url), "dim"), Text(f"gone since {since}", "red"), NOBODY, NOBODY, NOBODY, NOBODY)
             for url, since in gone.items()]  # fmt: skip
    if width < NARROW:
        columns, rows = columns[:3] + columns[4:5], [row[:3] + row[4:5] for row in rows]
    return output.table(columns, rows, wide="partitions", least={"worker": 12, "copies": 6})


def _places(told: Cluster, width: int) -> RenderableType:
    lags = [f"lag of {told.agents[0]}", *told.agents[1:]] if told.agents else []
    columns = ["partition", "owner", *lags]
    columns = [*columns[:2], "lag"] if width < NARROW else columns
    columns += ["to recover", "copies at", f"position of {told.agents[0]}"] if width >= WIDE and told.agents else []
    rows: list[tuple[str | Text, ...]] = []
    for number, one in sorted(told.places.items()):
        owners = list(dict.fromkeys(one.owners.values()))
        owner = Text(", ".join(map(short, owners)), "yellow" if len(owners) > 1 else "")
        if not owners:
            owner = Text("nobody answers", "red")
        each: list[str | Text] = [_lag(one.lags.get(name), name in one.at_least) for name in told.agents]
        if width < NARROW:
            each = [_lag(sum(one.lags.values()), bool(one.at_least))]
        row: list[str | Text] = [str(number), owner, *each]
        if width >= WIDE and told.agents:
            copies, position = ", ".join(map(short, one.standbys)) or NOBODY, one.positions.get(told.agents[0])
            row += [f"{one.recovering:,}", copies, NOBODY if position is None else f"{position:,}"]
        rows.append(tuple(row))
    return output.table(columns, rows, wide="copies at", least={"owner": 12})


def _lag(lag: int | None, at_least: bool) -> Text:
    return Text(NOBODY) if lag is None else Text(_number(lag, at_least), "yellow" if lag or at_least else "")


def _number(lag: int, at_least: bool) -> str:
    return f"≥{lag:,}" if at_least else f"{lag:,}"


class Looks:
    """What was seen in one look after the other."""

    def __init__(self) -> None:
        self.last: Cluster | None = None
        self.gone: dict[str, str] = {}

    def take(self, found: Json, now: str) -> Cluster:
        """Another look: who is not there any more is gone since now."""
        told = cluster(found)
        before = set(self.last.workers) if self.last is not None else set()
        self.gone |= dict.fromkeys(before - set(told.workers), now)
        there = {*told.workers, *(one.url for one in told.kept_out)}
        self.gone = {url: since for url, since in self.gone.items() if url not in there}
        self.last = told
        return told


@click.command()
@option("--watch/--once", help="Go on looking until Ctrl-C.")
@option("--every", type=click.FloatRange(0.2, 3600.0), default=1.0, metavar="SECONDS", help="With --watch, how often.")
@connected
def status(session: Session, watch: bool, every: float) -> None:
    """The workers: whether each is ready, its partitions and copies, and how far each agent is behind.

    With --watch the table stays up to date; a worker that goes away is shown as gone. --json prints what the server
    says, a line for each look.
    """
    if not watch:
        found = session.client.get(STATUS)
        session.show(found, shown(cluster(found), output.console().width, {}))
        return
    try:
        _watch(session, every)
    except KeyboardInterrupt:
        return


def _watch(session: Session, every: float) -> None:
    console, looks = output.console(), Looks()
    with Live(console=console, auto_refresh=False, transient=False) as live:

        def show(note: str) -> None:
            if looks.last is not None and not session.as_json:
                table = shown(looks.last, console.width, looks.gone, note)
                if console.is_terminal:
                    live.update(table, refresh=True)
                else:
                    output.show(table)

        def waiting(what: str, until: datetime | None) -> None:
            if looks.last is None:
                patience.tell(what, until)
            elif console.is_terminal:
                show(patience.sentence(what, until))

        session.client.say = waiting
        while True:
            now, note = f"{datetime.now(UTC).astimezone():%H:%M:%S}", ""
            try:
                found = session.client.get(STATUS)
            except Failure as error:
                if looks.last is None or error.exit_code != Exit.UNREACHABLE:
                    raise
                note = f"{now}  {error.message} It is asked again; this is the last that was known."
            else:
                if session.as_json:
                    output.plain(json.dumps(found, ensure_ascii=False))
                looks.take(found, now)
            show(note)
            time.sleep(every)


COMMANDS = (status,)
