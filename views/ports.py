"""What the views need of the process they run in. `streams.node.Node` is it; nothing here knows Kafka or Faust."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from monitoring import tracing
from tasksys.audit import Break, Entry, Remembered, Wanted
from tasksys.commands import CommandRecord
from tasksys.events import EventRecord
from tasksys.outcomes import DeadLetter, Decided, Outcome
from tasksys.ownership import KeptOut, Ownership
from tasksys.query import FilterError, Page, PageRequest
from tasksys.rows import Channel, Member, Row, Workspace
from tasksys.state import Key, State
from tasksys.values import ChannelKind

R = TypeVar("R", bound=Row)
T = TypeVar("T")


class Gateway(Protocol):
    """The way in; see streams.gateway."""

    async def submit(self, record: CommandRecord, wait: float) -> Decided | None: ...

    async def submit_all(self, records: Sequence[CommandRecord], wait: float) -> list[Decided | Exception | None]: ...

    async def append(self, record: CommandRecord) -> None: ...

    async def append_all(self, records: Sequence[CommandRecord]) -> list[Exception | None]: ...


class StateReader(Protocol):
    """The current state; see streams.reader."""

    def state(self, workspace: str) -> State: ...

    def all(
        self, workspace: str, row_type: type[R], prefix: str = "", start: str | None = None, reverse: bool = False
    ) -> Iterator[R]: ...

    def position(self, workspace: str) -> int: ...

    def over(self, items: Iterable[T]) -> AsyncIterator[T]: ...

    async def workspaces(self, user: str, after: str, most: int) -> list[tuple[Workspace, Member]]: ...

    def outcome(self, workspace: str, actor: str, command: str) -> Outcome | None: ...

    async def query(self, workspace: str, wanted: PageRequest) -> tuple[Page | FilterError, int]: ...

    async def gap(self, workspace: str, task: str, behind: bool, without: str) -> tuple[str, str] | None: ...

    def dead_letters(self, after: tuple[int, int] = (-1, -1)) -> Iterator[tuple[int, DeadLetter]]: ...

    def dead_letter(self, partition: int, offset: int) -> DeadLetter | None: ...


class HistoryReader(Protocol):
    """The past; see streams.history."""

    def position(self, workspace: str) -> int: ...

    def stored(self, workspace: str, after: int = 0) -> Iterator[tuple[int, Remembered]]: ...

    def newest(self, workspace: str, before: int | None = None) -> Iterator[tuple[int, Remembered]]: ...

    def at(self, workspace: str, position: int) -> Remembered | None: ...

    def of_task(self, workspace: str, task: str, after: int = 0) -> Iterator[tuple[int, Remembered]]: ...

    def of_task_since(self, workspace: str, task: str, version: int) -> Iterator[tuple[int, Remembered]]: ...

    def of_command(self, workspace: str, actor: str, command: str) -> list[EventRecord]: ...

    async def commands_named(self, workspace: str, command: str, actor: str | None) -> list[EventRecord]: ...

    def entry(self, workspace: str, position: int, found: Remembered) -> Entry: ...

    async def entries(self, workspace: str, wanted: Wanted, limit: int) -> tuple[list[Entry], int | None]: ...

    async def verify(self, workspace: str, end: int) -> tuple[int, Break | None]: ...

    def position_at(self, workspace: str, instant: str) -> int: ...

    async def state_at(self, workspace: str, position: int) -> State: ...

    async def task_at(self, workspace: str, task: str, position: int) -> dict[Key, Row | None]: ...

    async def query_at(self, workspace: str, position: int, wanted: PageRequest) -> Page | FilterError: ...


class Ticket(Protocol):
    """What a link in a mail may do; see delivery.keys."""

    @property
    def workspace(self) -> str: ...

    @property
    def user(self) -> str: ...

    @property
    def reminder(self) -> str: ...

    @property
    def scheduled_for(self) -> str: ...


class Confirmation(Protocol):
    """What the link of a mail that asks confirms; see delivery.keys."""

    @property
    def workspace(self) -> str: ...

    @property
    def user(self) -> str: ...

    @property
    def channel(self) -> str: ...

    @property
    def asked(self) -> str: ...


class Channels(Protocol):
    """The channels that users set; see delivery.channels."""

    async def seal(self, workspace: str, user: str, channel: str, kind: ChannelKind, target: str) -> tuple[str, str]:
        """The sealed target and its hint. Raises TargetUnfit, ChannelUnavailable."""
        ...

    def blinded(self, target: str) -> str:
        """Tells targets apart without saying anything of them. Raises ChannelUnavailable."""
        ...

    def marks(self, workspace: str, user: str, kind: ChannelKind, target: str) -> tuple[str, ...]:
        """What knows an e-mail address again. Raises ChannelUnavailable."""
        ...

    def secret(self, workspace: str, user: str, channel: Channel) -> str | None:
        """What the receiver of a webhook checks signatures with."""
        ...

    def unusable(self, workspace: str, user: str, channel: Channel) -> str | None:
        """Why nothing can be sent there with the server's keys; None if something can."""
        ...

    def admitted(self, token: str) -> Ticket | None:
        """The ticket of a link's token, if it is one and not too old."""
        ...

    def confirmation(self, token: str) -> Confirmation | None:
        """What the token of a link confirms, if it is one and not too old."""
        ...


class Positions(Protocol):
    """Waits for a view to reach a position; see streams.waiting."""

    def reach(self, workspace: str, position: int, bound: float) -> Awaitable[bool]: ...


class Committed(Protocol):
    """What a durable batch of commands did; see streams.agents.commands."""

    @property
    def changed(self) -> Mapping[str, Mapping[Key, Row | None]]:
        """The rows that changed, by workspace; None for those that are gone."""
        ...

    @property
    def happened(self) -> Mapping[str, Sequence[tuple[EventRecord, bytes]]]:
        """The events by workspace, in order, each with its bytes as they stand in the log."""
        ...

    @property
    def traced(self) -> Mapping[str, Mapping[int, tracing.Context]]:
        """The sampled traces that events belong to, by workspace and position."""
        ...


class System(Protocol):
    """One process of the system."""

    @property
    def gateway(self) -> Gateway:
        """The way in."""
        ...

    @property
    def state(self) -> StateReader:
        """The current state."""
        ...

    @property
    def history(self) -> HistoryReader:
        """The past."""
        ...

    @property
    def state_positions(self) -> Positions:
        """How far the state is."""
        ...

    @property
    def history_positions(self) -> Positions:
        """How far the history is."""
        ...

    @property
    def url(self) -> str:
        """Where other workers reach this one: its name in `ownership`."""
        ...

    def partition(self, workspace: str) -> int:
        """The partition of a workspace."""
        ...

    def ownership(self, agent: str = "commands") -> Ownership:
        """Which workers have which partitions of an agent; empty where nobody knows just now."""
        ...

    def workers(self) -> tuple[str, ...]:
        """Workers that were there when this one last heard of any, also while it is not known who has what."""
        ...

    def keepers(self, partition: int) -> tuple[str, ...]:
        """Workers that had the partition, or a copy of it, when this one last heard of any; the owner comes first."""
        ...

    def kept_out(self) -> Sequence[tuple[KeptOut, str]]:
        """Other workers that get nothing, and what is to be done about each: they need not answer this one."""
        ...

    def standby(self, workspace: str) -> StateReader | None:
        """What this process knows of a workspace that may be another's, by its copy or as its owner until lately.

        To be used for one answer; its `position` says which state it shows, and may be asked again. None if nothing.
        Reads raise NotOwned where it has ceased to be a copy meanwhile.
        """
        ...

    def follow(self, follower: Callable[[Committed], None], broken: Callable[[int], None]) -> Callable[[], None]:
        """Calls the follower with every durable batch, once the state shows it; the result ends that.

        `broken` is called with a partition whose batches may go on without the follower.
        """
        ...

    def ready(self) -> dict[str, str]:
        """What is missing, by part; empty when this process can serve."""
        ...

    async def status(self) -> dict[str, Any]:
        """The log, agents, partitions, positions and lag, for operators."""
        ...

    async def pending(self, workspace: str) -> bool:
        """True if commands of the workspace may be in the log that are not folded yet. Raises BrokerUnavailable."""
        ...

    async def remembered(self, workspace: str) -> bool:
        """True if the history has nothing left to fold of what is in the event log now, or has stopped by a fault."""
        ...

    async def known(self, workspace: str) -> int:
        """How far the workspace has got, by its state and by the newest records of the event log."""
        ...

    def replay(self, verify: bool, workspace: str | None, until: str | None) -> AsyncIterator[dict[str, Any]]:
        """Rebuilds the tables from the event log beside the live ones; yields progress, see streams.replay."""
        ...

    async def retry(self, partition: int, letter: DeadLetter) -> None:
        """Appends a dead letter's record again. Raises BrokerUnavailable."""
        ...

    async def discard(self, partition: int, letter: DeadLetter) -> None:
        """Appends that a dead letter is not wanted any more. Raises BrokerUnavailable."""
        ...
