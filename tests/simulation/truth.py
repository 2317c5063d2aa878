"""What stands at the end of a simulation, as facts to be judged: the log, what its events make, what workers show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from streams import keys
from streams.applied import APPLIED
from streams.fold import Record
from streams.partitioning import partition_of
from streams.parts import AGENTS, TIMELINES
from streams.topics import EVENTS, changelog
from tasksys import codec, deliveries
from tasksys.events import DeliveryFailed, EventRecord, ReminderDelivered, ReminderFired
from tasksys.rows import Reminder, Task
from tasksys.state import State
from tasksys.values import instant
from tests.chaos.history import Audited, Event, Shown, Space
from tests.simulation.cluster import Cluster
from tests.simulation.feed import Follower, digest
from tests.support import truth
from tests.support.truth import Truth
from views import shapes


def spaces(cluster: Cluster, audited: dict[str, Audited]) -> dict[str, Space]:
    """The truth of each workspace."""
    found: dict[str, Space] = {}
    for partition in range(cluster.broker.partitions):
        owner = cluster.owner("commands", partition)
        logged: dict[str, list[Event]] = defaultdict(list)
        for record in cluster.broker.log.all(EVENTS.name, partition):
            logged[(record.key or b"").decode()].append(_event(record))
        folded = truth.states(cluster.broker.log.all(EVENTS.name, partition))
        for name, log in logged.items():
            expected = truth.rows_of(name, folded[name])
            space = Space(log=log, folded=_digests(expected), due=list(_due(cluster, folded[name])))
            if owner is not None:
                table = owner.agents["commands"].table(partition)
                rows = dict(table.scan(keys.rows(name)))
                for key in expected:
                    if key.startswith(keys.MEMBERSHIP) and (row := table.get(key)) is not None:
                        rows[key] = row
                position = owner.state.position(name)
                space.shown.append(Shown(worker=owner.name, position=position, rows=_digests(rows)))
            if name in audited:
                space.audited.append(audited[name])
            found[name] = space
    return found


def _digests(rows: dict[bytes, bytes]) -> dict[str, str]:
    return {key.decode("latin-1"): digest(row) for key, row in rows.items()}


def _event(record: Record) -> Event:
    stored = record.value or b""
    event = codec.decode_event(stored)
    return Event(
        position=event.position, id=event.id, origin=event.id.rpartition("-")[0], actor=event.actor,
        command=event.command, digest=digest(stored), at=event.at,
        thing=f"task:{event.task}" if event.task is not None and event.version else "", version=event.version or 0,
        fires=_fires(event),
    )  # fmt: skip


def _fires(event: EventRecord) -> str:
    if event.type != ReminderFired.__name__:
        return ""
    fired = codec.event(event)
    assert isinstance(fired, ReminderFired)
    return f"{event.task}/{fired.reminder}@{fired.scheduled_for}"


def overdue(cluster: Cluster) -> Iterator[str]:
    """What is due in a timeline or an outbox by now, and waits."""
    now = instant(cluster.clock.now())
    for name, prefix in (*((kind, keys.TIMELINE) for kind in TIMELINES), ("deliveries", keys.OUTBOX)):
        for partition in range(cluster.broker.partitions):
            owner = cluster.owner(name, partition)
            first = None if owner is None else next(owner.agents[name].table(partition).scan(prefix), None)
            if first is not None and (at := first[0].removeprefix(prefix).decode().split("\0")[0]) <= now:
                yield f"{name}[{partition}] has something due since {at}"


def _due(cluster: Cluster, state: State) -> Iterator[str]:
    """Reminders that wait although their time has come."""
    now = instant(cluster.clock.now())
    for row in state.rows.values():
        if isinstance(row, Reminder) and row.armed and (row.scheduled_for or now) < now:
            yield f"{row.task}/{row.id}@{row.scheduled_for}"


def differences(cluster: Cluster) -> Iterator[str]:
    """Where the tables of agents are not what the events say; and what the ledger says that was never sent."""
    together = Truth()
    for partition in range(cluster.broker.partitions):
        owners = [cluster.owner(name, partition) for name in AGENTS]
        if any(owner is None for owner in owners):
            continue
        tables = [
            dict(owner.agents[name].table(partition).scan())
            for owner, name in zip(owners, AGENTS, strict=True)
            if owner is not None
        ]
        if error := _raised(lambda: together.compare(cluster.broker.log.all(EVENTS.name, partition), *tables)):  # noqa: B023
            yield f"partition {partition}: {error}"
        for name, table in zip(AGENTS, tables, strict=True):
            yield from _unlike_changelog(cluster, name, partition, table)
        yield from _undelivered(cluster, partition)
    if error := _raised(together.check_outcomes):
        yield error


def _raised(check: Callable[[], None]) -> str:
    try:
        check()
    except (AssertionError, KeyError, ValueError) as error:
        return f"{error!r:.600}"
    return ""


def _unlike_changelog(cluster: Cluster, name: str, partition: int, table: dict[bytes, bytes]) -> Iterator[str]:
    """The changelog, of which the table can be made again at any time."""
    rows: dict[bytes, bytes | None] = {}
    for record in cluster.broker.log.all(changelog(name).name, partition):
        rows[record.key or b""] = record.value
    if {key: row for key, row in rows.items() if row is not None} != table:
        yield f"{name}[{partition}]: its changelog makes another table; {APPLIED!r}: {rows.get(APPLIED)!r}"


def _undelivered(cluster: Cluster, partition: int) -> Iterator[str]:
    for record in cluster.broker.log.all(EVENTS.name, partition):
        event = codec.decode_event(record.value or b"")
        if event.type not in (ReminderDelivered.__name__, DeliveryFailed.__name__):
            continue
        said = codec.event(event)
        assert isinstance(said, ReminderDelivered | DeliveryFailed)
        workspace, fine = (record.key or b"").decode(), isinstance(said, ReminderDelivered)
        key = deliveries.key(workspace, event.task or "", said.reminder, said.scheduled_for)
        gone = isinstance(said, DeliveryFailed) and said.retry_at is None  # it may never have been tried
        if not gone and not cluster.sent[key, said.channel, fine]:
            yield f"{event.type} at {event.position} of {workspace}: no such letter was sent"


def unlike(cluster: Cluster, follower: Follower) -> Iterator[str]:
    """Where what a client believes of its workspace is not what the owner would show."""
    mirror, name = follower.mirror, follower.workspace
    owner = cluster.owner("commands", partition_of(name, cluster.broker.partitions))
    if mirror is None or owner is None:
        return
    state = owner.state.state(name)
    shown = {row.id: json(shapes.task(row, name, state)) for row in owner.state.all(name, Task)}
    believed = {task: mirror.task(task) for task in mirror.tasks}
    if believed != shown:
        wrong = sorted(one for one in believed.keys() | shown.keys() if believed.get(one) != shown.get(one))
        yield f"{follower.name} believes of {wrong[0]}: {believed.get(wrong[0])} instead of {shown.get(wrong[0])}"
    reminders = {row.id: json(shapes.reminder(row, state)) for row in owner.state.all(name, Reminder)}
    over = ("acknowledged", "cancelled", "expired")
    mine = {key: one for key, one in reminders.items() if one["user"] == follower.user and one["state"] not in over}
    if mine != (told := {key: one for key, one in mirror.reminders.items() if one["state"] not in over}):
        yield f"{follower.name} believes of reminders: {told} instead of {mine}"


def json(shape: object) -> dict[str, Any]:
    """As a client reads it."""
    found: dict[str, Any] = msgspec.json.decode(codec.encode_json(shape))
    return found
