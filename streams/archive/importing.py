"""Into a log: every workspace of a file, through the log's own commands, and what came of it compared with the file.

The cluster may be at work meanwhile; where no process folds commands, one does it here. All of it can be repeated: what
is there already is passed, so an import that broke off goes on where it was.
"""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence, Set
from contextlib import AsyncExitStack, asynccontextmanager
from os import getpid
from pathlib import Path
from typing import Final

from msgspec import Struct

from streams import admin, eventlog
from streams.agents import import_parts
from streams.agents.import_parts import Begin, Events, Letter, Part, Proceed
from streams.agents.imports import IMPORT, Import, Stage
from streams.appender import Appender, open_appender
from streams.archive.comparing import compare, end_of
from streams.archive.exporting import AGENT, members
from streams.archive.form import Archive, CommandLine, Content, EventLine
from streams.archive.marks import ChangelogMarks, Marks, OwnMarks
from streams.archive.pages import PAGE, Pages
from streams.broker import Broker
from streams.node import Node
from streams.partitioning import partition_of
from streams.parts import AGENTS
from streams.topics import COMMANDS, EVENTS
from tasksys.errors import RecordTooLarge

AHEAD: Final = 4
"""Pages of a workspace that may be on their way: a partition belongs to others too."""

PATIENCE_SECONDS: Final = 60.0
"""So long nothing may happen: a partition that moves is served again within seconds."""

MEMBERS_SECONDS: Final = 2.0
"""Between two looks whether anybody folds commands."""

Progress = Callable[[str, int, int], None]
"""(what is done, how many, of how many)."""


class ImportRefused(Exception):
    """The log has such a workspace already, or nobody takes the import in; the message says what to do."""


class Came(Struct, frozen=True):
    """What came of a workspace. `before`: it was there already, by an import of the same file."""

    workspace: str
    partition: int
    events: int
    outcomes: int
    dead_letters: int
    commands: int
    chain: str
    before: bool


async def import_log(
    broker: Broker, archive: Archive, partitions: int, replication: int, progress: Progress
) -> list[Came]:
    """Brings every workspace of the file into the log, and compares what is in the event log then with the file.

    The numbers are for topics that do not exist yet. Raises ImportRefused, and has then shown nothing; ImportDiffers;
    BrokerUnavailable, admin.TopicsUnfit, LogUnreadable and the embedded log's own errors.
    """
    await admin.create_topics(broker, AGENTS, partitions, replication)
    number = (await admin.describe_topics(broker))[COMMANDS.name]
    async with AsyncExitStack() as stack:
        appender = await open_appender(broker)
        stack.push_async_callback(appender.close)
        if broker.directory is not None:
            node = await stack.enter_async_context(_folding(broker, number, replication))
            marks: Marks = OwnMarks(node, archive.contents)
            return await Importer(broker, archive, number, appender, marks, progress).run()
        marks = heard = ChangelogMarks(broker)
        await stack.enter_async_context(heard.listening(number))
        try:
            async with asyncio.TaskGroup() as tasks:
                standing_in = tasks.create_task(_stand_in(broker, number, replication))
                came = await Importer(broker, archive, number, appender, marks, progress).run()
                standing_in.cancel()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from group
    return came


async def _stand_in(broker: Broker, partitions: int, replication: int) -> None:
    """Folds while nobody else does: who was killed still counts as a member for some seconds, and who has started takes
    over at once, for nobody is to be sent here."""
    while True:
        while await members(broker):  # noqa: ASYNC110  (the brokers cannot tell us)
            await asyncio.sleep(MEMBERS_SECONDS)
        async with _folding(broker, partitions, replication):
            while await members(broker) <= 1:  # noqa: ASYNC110
                await asyncio.sleep(MEMBERS_SECONDS)


@asynccontextmanager
async def _folding(broker: Broker, partitions: int, replication: int) -> AsyncIterator[Node]:
    """A process that folds commands, and does nothing else, for as long as this takes."""
    with tempfile.TemporaryDirectory(prefix="tasksys-import-", ignore_cleanup_errors=True) as directory:
        url = f"http://import-{getpid()}.{socket.gethostname()}.invalid"  # nobody is sent there
        node = Node(broker, Path(directory), (AGENT,), partitions, replication, url)
        await node.start()
        try:
            yield node
        finally:
            await node.stop()


class Importer:
    """One import of a file into a log."""

    def __init__(
        self, broker: Broker, archive: Archive, partitions: int, appender: Appender, marks: Marks, progress: Progress
    ) -> None:
        self._broker, self._archive, self._partitions = broker, archive, partitions
        self._appender, self._marks, self._progress = appender, marks, progress
        self._before: set[str] = set()
        """Workspaces that were there, or of which an import had begun before."""

    async def run(self) -> list[Came]:
        """See `import_log`."""
        brought = {name: one for name, one in self._archive.contents.items() if one.events}
        self._before |= await self._there(self._archive.contents.keys() - brought.keys())
        starts = await self._ends()
        for name, content in brought.items():
            await self._append(name, content, Begin())
        for done, (name, content) in enumerate(brought.items(), 1):
            await self._begun(name, content)
            self._progress("workspaces asked for", done, len(brought))
        pages, total, sent = dict[str, Pages](), sum(one.events for one in brought.values()), 0
        for line in self._archive.lines():
            name = line.workspace
            if name not in brought:
                continue
            if name not in pages:
                pages[name] = Pages(brought[name], self._known(name))
            for part in pages[name].add(line):
                await self._send(name, brought[name], part)
            sent += isinstance(line, EventLine)
            if not sent % PAGE or sent == total:
                self._progress("events sent", sent, total)
        for done, (name, content) in enumerate(brought.items(), 1):
            await self._follow(name, content)
            self._progress("workspaces there", done, len(brought))
        await self._commands()
        await self._compare(brought, starts)
        return [self._came(name, one) for name, one in self._archive.contents.items()]

    def _came(self, name: str, one: Content) -> Came:
        place, before = partition_of(name, self._partitions), name in self._before
        return Came(name, place, one.events, one.outcomes, one.letters, one.commands, one.chain.hex(), before)

    def _known(self, workspace: str) -> Import:
        known = self._marks.get(workspace)
        assert known is not None
        return known

    async def _begun(self, workspace: str, content: Content) -> None:
        """Hears how far the workspace is. Raises ImportRefused if it is there by other ways."""
        known = await self._reach(workspace, content, lambda known: True)
        if known.stage is Stage.HERE:
            raise ImportRefused(
                f"The workspace {workspace} is in this log already, and was not imported. Nothing was imported."
            )
        if known.digest != content.digest:
            raise ImportRefused(
                f"The workspace {workspace} was imported into this log from another file, or its import has begun. "
                "Nothing was imported; use that file, or another cluster."
            )
        if known.stage is not Stage.ASKED:
            self._before.add(workspace)

    async def _send(self, workspace: str, content: Content, part: Part) -> None:
        """Appends a part, when those before it have been taken in but for a few."""
        match part:
            case Events():
                least = part.first - 1 - AHEAD * PAGE
                await self._reach(workspace, content, lambda known: known.position >= least)
            case Letter():
                await self._reach(workspace, content, lambda known: known.letters >= part.number - AHEAD)
            case _:
                pass
        await self._append(workspace, content, part)

    async def _append(self, workspace: str, content: Content, part: Part) -> None:
        key, place = workspace.encode(), partition_of(workspace, self._partitions)
        try:
            await self._appender.send(COMMANDS.name, place, key, import_parts.encode(part), ((IMPORT, content.digest),))
        except RecordTooLarge as error:
            where = f"at position {part.first}" if isinstance(part, Events) else f"in its {type(part).__name__.lower()}"
            raise ImportRefused(
                f"What the workspace {workspace} has {where} is larger than a record can be, even packed."
            ) from error

    async def _reach(self, workspace: str, content: Content, wanted: Callable[[Import], bool]) -> Import:
        """Waits until the import is as wanted, or belongs to another file. Raises ImportRefused if nothing happens."""
        while True:
            self._marks.changed.clear()
            known = self._marks.get(workspace)
            if known is not None:
                if known.fault:
                    raise ImportRefused(
                        f"The workspace {workspace} cannot be taken in: {known.fault}. See that all workers are of "
                        "this release, then import the same file again: it goes on from there."
                    )
                if known.digest != content.digest or wanted(known):
                    return known
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._marks.changed.wait()
            except TimeoutError as error:
                raise ImportRefused(
                    f"Nothing was taken in for {PATIENCE_SECONDS:.0f} s, {workspace} being next. Look whether workers "
                    "of this release run and are ready, then import the same file again: it goes on from there."
                ) from error

    async def _follow(self, workspace: str, content: Content) -> None:
        """Waits until every event is in the event log, and helps it on."""
        followed = -1

        def further(known: Import) -> bool:
            return known.stage is Stage.DONE or known.followed > followed

        while (known := await self._reach(workspace, content, further)).stage is not Stage.DONE:
            followed = known.followed
            await self._append(workspace, content, Proceed())

    async def _commands(self) -> int:
        """Appends what was not folded yet, as it was sent: the same command is done once, however often this is.

        But not commands of a workspace of which the file has no event if there is one of that name here: that may be
        anybody's, and the file has no say over it.
        """
        sent, others = 0, {name for name in self._before if not self._archive.contents[name].events}
        for line in self._archive.lines():
            if isinstance(line, CommandLine) and line.workspace not in others:
                key, place = line.workspace.encode(), partition_of(line.workspace, self._partitions)
                await self._appender.send(COMMANDS.name, place, key, line.value, ())
                sent += 1
        return sent

    async def _there(self, names: Set[str]) -> set[str]:
        """Which of these workspaces have events in the log."""
        wanted, found = {name.encode() for name in names}, set[str]()
        for number in sorted({partition_of(name, self._partitions) for name in names}):
            async for records in eventlog.read(self._broker, EVENTS.name, number):
                found |= {one.key.decode() for one in records if one.key in wanted}
        return found

    async def _ends(self) -> list[int]:
        """Where the event log ends now, by partition."""
        return [await end_of(self._broker, number) for number in range(self._partitions)]

    async def _compare(self, contents: Mapping[str, Content], starts: Sequence[int]) -> None:
        """Reads back what is in the event log now. Raises ImportDiffers."""
        places = {name: partition_of(name, self._partitions) for name in contents}
        for number in sorted(set(places.values())):
            left = {name.encode(): one for name, one in contents.items() if places[name] == number}
            start = 0 if any(name.decode() in self._before for name in left) else starts[number]
            await compare(eventlog.read(self._broker, EVENTS.name, number, start), left)
            self._progress("partitions compared", number + 1, self._partitions)
