"""The way in, with a log and a fold of the tests' own."""

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest

from streams import gateway as module
from streams.agents.commands import REQUEST
from streams.fold import Headers
from streams.gateway import Gateway
from streams.waiting import OutcomeWaiters
from tasksys import codec
from tasksys.commands import CommandRecord, CreateTask
from tasksys.errors import BrokerUnavailable, Busy, Moved, StillPending
from tasksys.outcomes import Decided, Outcome, OutcomeStatus
from tests.support.nodes import record

WAIT = 5.0


class Log:
    """Takes records; each is durable, or fails, when the test says so."""

    def __init__(self) -> None:
        self.records: list[tuple[str, Headers]] = []
        self.durable: list[asyncio.Future[None]] = []
        self.refuses = False
        self.by_itself = True

    def send(self, key: bytes, value: bytes, headers: Headers) -> asyncio.Future[None]:
        """As the gateway expects."""
        if self.refuses:
            raise BrokerUnavailable("full")
        self.records.append((codec.decode_command(value).command.id, headers))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.durable.append(future)
        if self.by_itself:
            future.set_result(None)
        return future

    def decide(self, waiters: OutcomeWaiters, number: int) -> None:
        """Tells the outcome of a record."""
        identifier, headers = self.records[number]
        outcome = Outcome(identifier, "olga", OutcomeStatus.ACCEPTED, "x")
        waiters.tell([Decided(dict(headers)[REQUEST].decode(), outcome, (), replayed=False)])


class World:
    """A gateway, its log and its waiters."""

    def __init__(self) -> None:
        self.log = Log()
        self.waiters = OutcomeWaiters()
        self.gateway = Gateway(self.log.send, self.waiters)

    def empty(self) -> bool:
        """Nothing is left of anybody who waited."""
        return len(self.waiters) == 0 and not self.gateway._in_flight


@pytest.fixture
async def world() -> World:
    """A gateway that nobody has used."""
    return World()


def command(identifier: str = "c", workspace: str = "w") -> CommandRecord:
    """A command."""
    return record(workspace, CreateTask(id=identifier, task="t", title="x"))


async def turns(number: int = 5) -> None:
    """Lets others run."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_submitted_command_gets_its_outcome(world: World) -> None:
    """The record carries the request's name before the caller's own headers."""
    sent = asyncio.create_task(world.gateway.submit(command(), WAIT, (("trace", b"1"),)))
    await turns()
    assert [name for name, _ in world.log.records[0][1]] == [REQUEST, "trace"]
    world.log.decide(world.waiters, 0)
    decided = await sent
    assert decided is not None
    assert decided.outcome.id == "c"
    assert world.empty()


async def test_what_is_not_decided_in_time_is_none(world: World) -> None:
    """It is durable all the same; the same command may then be sent again."""
    assert await world.gateway.submit(command(), 0.001) is None
    assert world.empty()
    sent = asyncio.create_task(world.gateway.submit(command(), WAIT))
    await turns()
    world.log.decide(world.waiters, 1)
    assert await sent is not None


async def test_one_that_moved_is_durable_first(world: World) -> None:
    """Until then nobody can say that it will be decided; and where it is not appended, it has not moved."""
    world.log.by_itself = False
    sent = [asyncio.create_task(world.gateway.submit(command(name), WAIT)) for name in ("one", "two")]
    sent.append(asyncio.create_task(world.gateway.submit(command("late"), 0.05)))
    await turns()
    world.waiters.leave(lambda workspace: True)
    await turns()
    assert not any(one.done() for one in sent)
    world.log.durable[0].set_result(None)
    world.log.durable[1].set_exception(BrokerUnavailable("lost"))
    with pytest.raises(Moved):
        await sent[0]
    with pytest.raises(BrokerUnavailable, match="lost"):
        await sent[1]
    with pytest.raises(BrokerUnavailable, match="in time"):
        await sent[2]
    world.log.durable[2].set_result(None)
    await turns()
    assert world.empty()


async def test_what_is_not_durable_in_time_is_unavailable(world: World) -> None:
    """Nobody can say whether it was appended; a late error of the log is no one's any more."""
    world.log.by_itself = False
    with pytest.raises(BrokerUnavailable, match="in time"):
        await world.gateway.submit(command(), 0.001)
    world.log.durable[0].set_exception(BrokerUnavailable("late"))
    await turns()
    assert world.empty()


async def test_an_outcome_is_proof_enough(world: World) -> None:
    """What is decided was read from the log: its confirmation need not be waited for."""
    world.log.by_itself = False
    sent = asyncio.create_task(world.gateway.submit(command(), WAIT))
    await turns()
    world.log.decide(world.waiters, 0)
    assert await sent is not None
    assert world.empty()
    world.log.durable[0].set_exception(BrokerUnavailable("late"))
    await turns()
    assert world.empty()


async def test_a_failing_log_is_told(world: World) -> None:
    """Whether it fails at once or while the record becomes durable."""
    world.log.refuses = True
    with pytest.raises(BrokerUnavailable, match="full"):
        await world.gateway.submit(command(), WAIT)
    world.log.refuses, world.log.by_itself = False, False
    sent = asyncio.create_task(world.gateway.submit(command(), WAIT))
    await turns()
    world.log.durable[0].set_exception(BrokerUnavailable("the disk"))
    with pytest.raises(BrokerUnavailable, match="the disk"):
        await sent
    assert world.empty()


async def test_the_same_command_waits_once(world: World) -> None:
    """The same key of the same actor in the same workspace; other ones are others."""
    sent = asyncio.create_task(world.gateway.submit(command(), WAIT))
    await turns()
    with pytest.raises(StillPending):
        await world.gateway.submit(command(), WAIT)
    other = asyncio.create_task(world.gateway.submit(command(workspace="other"), WAIT))
    await turns()
    world.log.decide(world.waiters, 0)
    world.log.decide(world.waiters, 1)
    await asyncio.gather(sent, other)
    assert world.empty()


async def test_a_flood_is_turned_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is appended."""
    monkeypatch.setattr(module, "WAITING", 2)
    sent = [asyncio.create_task(world.gateway.submit(command(f"c{number}"), WAIT)) for number in range(2)]
    await turns()
    with pytest.raises(Busy):
        await world.gateway.submit(command("more"), WAIT)
    assert len(world.log.records) == 2
    for number in range(2):
        world.log.decide(world.waiters, number)
    await asyncio.gather(*sent)


async def append(gateway: Gateway) -> object:
    """Appends a command."""
    await gateway.append(command("more"))
    return None


async def append_several(gateway: Gateway) -> object:
    """Appends two; the error of the first, which is the same for both."""
    first, second = await gateway.append_all([command("more"), command("and more")])
    assert type(first) is type(second)
    if first is not None:
        raise first
    return None


@pytest.mark.parametrize("appends", [append, append_several])
async def test_a_flood_that_nobody_waits_for_is_turned_away(
    world: World, monkeypatch: pytest.MonkeyPatch, appends: Callable[[Gateway], Awaitable[object]]
) -> None:
    """It counts like any other until it is durable: before that it is held in memory."""
    monkeypatch.setattr(module, "WAITING", 2)
    world.log.by_itself = False
    sent = asyncio.create_task(world.gateway.append_all([command("a"), command("b")]))
    await turns()
    with pytest.raises(Busy):
        await appends(world.gateway)
    with pytest.raises(Busy):
        await world.gateway.submit(command("more"), WAIT)
    assert len(world.log.records) == 2
    for durable in world.log.durable:
        durable.set_result(None)
    assert await sent == [None, None]
    world.log.by_itself = True
    assert not isinstance(await world.gateway.append_all([command("c")]), Busy)


@pytest.mark.parametrize("goes", ["away", "on"])
async def test_a_flood_of_those_who_go_away_is_turned_away(
    world: World, monkeypatch: pytest.MonkeyPatch, goes: str
) -> None:
    """What they sent is held in memory until it is durable: it counts until then, and no longer."""
    monkeypatch.setattr(module, "WAITING", 2)
    world.log.by_itself = False
    sent = [asyncio.create_task(world.gateway.submit(command(f"c{number}"), 0.001)) for number in range(2)]
    await turns()
    if goes == "away":
        for one in sent:
            one.cancel()
    await asyncio.gather(*sent, return_exceptions=True)
    with pytest.raises(Busy):
        await world.gateway.submit(command("more"), WAIT)
    with pytest.raises(StillPending):
        await world.gateway.submit(command("c0"), WAIT)
    for durable in world.log.durable:
        durable.set_result(None)
    await turns()
    assert world.empty()


async def test_several_are_sent_before_any_is_waited_for(world: World) -> None:
    """So that they become durable together; errors stand where their command stood."""
    world.log.by_itself = False
    sent = asyncio.create_task(world.gateway.append_all([command("a"), command("b"), command("a"), command("c")]))
    await turns()
    assert [identifier for identifier, _ in world.log.records] == ["a", "b", "c"]
    world.log.durable[0].set_result(None)
    world.log.durable[1].set_exception(BrokerUnavailable("the disk"))
    await turns()
    assert not sent.done()
    world.log.durable[2].set_result(None)
    first, second, third, fourth = await sent
    assert (first, fourth) == (None, None)
    assert isinstance(second, BrokerUnavailable)
    assert isinstance(third, StillPending)
    assert world.empty()


async def test_a_fault_of_an_append_is_raised(world: World) -> None:
    """A bug is not told as if it would pass."""
    world.log.by_itself = False
    sent = asyncio.create_task(world.gateway.append_all([command()]))
    await turns()
    world.log.durable[0].set_exception(ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        await sent


async def test_several_are_appended_in_order_with_an_outcome_each(world: World) -> None:
    """Errors stand where their command stood; one deadline holds for all."""
    records = [command("a"), command("b"), command("a"), command("c")]
    sent = asyncio.create_task(world.gateway.submit_all(records, 0.2))
    await turns(20)
    assert [identifier for identifier, _ in world.log.records] == ["a", "b", "c"]
    world.log.decide(world.waiters, 1)
    world.log.decide(world.waiters, 0)
    first, second, third, fourth = await sent
    assert isinstance(first, Decided)
    assert isinstance(second, Decided)
    assert isinstance(third, StillPending)
    assert fourth is None
    assert world.empty()


async def appended(gateway: Gateway) -> object:
    """Appends three."""
    return await gateway.append_all([command("a"), command("b"), command("c")])


async def one(gateway: Gateway) -> object:
    """Submits a command."""
    return await gateway.submit(command(), WAIT)


async def several(gateway: Gateway) -> object:
    """Submits three."""
    return await gateway.submit_all([command("a"), command("b"), command("c")], WAIT)


@pytest.mark.parametrize("submits", [one, several, appended])
@pytest.mark.parametrize("after", range(12))
async def test_a_cancelled_caller_leaves_nothing(
    world: World, submits: Callable[[Gateway], Awaitable[object]], after: int
) -> None:
    """Cancelled after any number of turns: no name stays in flight, no coroutine unawaited, no error unheard."""
    if after % 3 == 0:
        world.log.by_itself = False
    sent = asyncio.ensure_future(submits(world.gateway))
    await turns(after)
    sent.cancel()
    await asyncio.gather(sent, return_exceptions=True)
    await turns(20)
    for future in world.log.durable:
        if not future.done():
            future.set_exception(BrokerUnavailable("late"))
    await turns(20)
    gc.collect()
    assert world.empty()


async def test_an_append_goes_on_when_its_caller_is_cancelled(world: World) -> None:
    """A record is appended whole or not at all, not because somebody stopped waiting."""
    world.log.by_itself = False
    sent = asyncio.create_task(world.gateway.append(command()))
    await turns()
    sent.cancel()
    await asyncio.gather(sent, return_exceptions=True)
    assert [identifier for identifier, _ in world.log.records] == ["c"]
    assert not world.log.durable[0].cancelled()


async def test_append_does_not_wait_for_the_outcome(world: World) -> None:
    """Only for the log; nobody is registered."""
    await world.gateway.append(command())
    await turns()
    assert world.empty()
    world.log.refuses = True
    with pytest.raises(BrokerUnavailable):
        await world.gateway.append(command())


async def test_what_is_forgotten_may_be_sent_again(world: World) -> None:
    """Somebody who started a command and goes away says so."""
    submitted = world.gateway.start(command())
    assert not world.empty()
    submitted.forget()
    assert world.empty()


async def test_what_was_sent_again_keeps_its_name(world: World) -> None:
    """Whoever sent it first lets go of it long after it was decided: with others of a batch that take longer."""
    first, second = (record("w", CreateTask(id=name, title="x")) for name in ("a", "b"))
    batch = asyncio.create_task(world.gateway.submit_all([first, second], WAIT))
    await turns()
    world.log.decide(world.waiters, 1)
    await turns()
    again = world.gateway.start(second)
    world.log.decide(world.waiters, 0)
    await batch
    assert world.gateway.in_flight == 1
    with pytest.raises(StillPending):
        world.gateway.start(second)
    again.forget()
    assert world.empty()
