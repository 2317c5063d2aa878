"""Whether a process can serve: checks with names, asked by balancers, by Kubernetes and by people.

A check that knows at once (`Health.source`) is asked each time. One that has to ask something else (`Health.probe`) has
a bound and is remembered for some seconds: a report comes within a second, whatever hangs, and however often it is
asked for, a broker or a disk hears of it seldom.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic
from typing import Any, Final, NamedTuple, Protocol

PATIENCE: Final = 0.8
"""Seconds that a report waits for probes."""

FRESH: Final = 5.0
"""Seconds for which what a probe found holds."""

PROBE_SECONDS: Final = 10.0
"""After so long a probe is called off, and the next report begins it anew."""

LEAST_BYTES: Final = 64 * 1024 * 1024
"""Room on a disk below which nothing more should be sent here: RocksDB needs some to tidy up."""

MIB: Final = 1024 * 1024


class Verdict(NamedTuple):
    """What a check found: the detail says what is wrong, or right; the remedy what to do where it is wrong."""

    ok: bool
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Report:
    """All checks, by name."""

    checks: Mapping[str, Verdict]

    @property
    def missing(self) -> dict[str, str]:
        """What is wrong, by the check's name."""
        return {name: verdict.detail for name, verdict in self.checks.items() if not verdict.ok}

    @property
    def ready(self) -> bool:
        """True if everything is right."""
        return not self.missing

    @property
    def status(self) -> HTTPStatus:
        """200, or 503 to who decides where requests go."""
        return HTTPStatus.OK if self.ready else HTTPStatus.SERVICE_UNAVAILABLE

    def body(self) -> dict[str, Any]:
        """As an answer shows it."""
        shown = {
            name: {
                "status": "ok" if verdict.ok else "failing",
                "detail": ". ".join(part for part in (verdict.detail, verdict.remedy) if part),
            }
            for name, verdict in self.checks.items()
        }
        return {"status": "ready" if self.ready else "not ready", "missing": self.missing, "checks": shown}


class _Probe:
    """One probe, and what it found last. It runs once at a time, however many wait for it."""

    def __init__(self, ask: Callable[[], Awaitable[Verdict]], clock: Callable[[], float]) -> None:
        self._ask, self._clock = ask, clock
        self._found: tuple[float, Verdict] | None = None
        self._task: asyncio.Task[None] | None = None
        self._began = 0.0

    def start(self) -> asyncio.Task[None] | None:
        """What to wait for; None if what was found holds."""
        if self._found is not None and self._clock() - self._found[0] < FRESH:
            return None
        if self._task is None or self._task.done():
            self._began = self._clock()
            self._task = asyncio.create_task(self._run(), name="probe")
        return self._task

    @property
    def verdict(self) -> Verdict:
        """What was found; while there is no answer, that."""
        if self._found is not None and (self._task is None or self._task.done()):
            return self._found[1]
        return Verdict(False, f"no answer for {self._clock() - self._began:.1f} s")

    def stop(self) -> asyncio.Task[None] | None:
        """Calls it off."""
        if self._task is not None:
            self._task.cancel()
        return self._task

    async def _run(self) -> None:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                found = await self._ask()
        except TimeoutError:
            found = Verdict(False, f"no answer within {PROBE_SECONDS:.0f} s")
        except Exception as error:
            found = Verdict(False, str(error) or repr(error))
        self._found = self._clock(), found


@dataclass
class Health:
    """The checks of a process."""

    patience: float = PATIENCE
    clock: Callable[[], float] = monotonic
    stopping: bool = False
    """Set when the process is told to stop: nothing new is to be sent to it, though it answers still."""
    _sources: list[Callable[[], Mapping[str, Verdict]]] = field(default_factory=list)
    _probes: dict[str, _Probe] = field(default_factory=dict)

    def source(self, verdicts: Callable[[], Mapping[str, Verdict]]) -> None:
        """Checks that know at once, by their names; must not block."""
        self._sources.append(verdicts)

    def probe(self, name: str, ask: Callable[[], Awaitable[Verdict]]) -> None:
        """A check that has to ask. What it raises is what is wrong."""
        self._probes[name] = _Probe(ask, self.clock)

    async def report(self) -> Report:
        """What all checks say, within `patience` seconds. Raises nothing."""
        asked = [task for probe in self._probes.values() if (task := probe.start()) is not None]
        if asked:
            await asyncio.wait(asked, timeout=self.patience)
        found = dict[str, Verdict]()
        for verdicts in self._sources:
            found |= verdicts()
        found |= {name: probe.verdict for name, probe in self._probes.items()}
        if self.stopping:
            found["process"] = Verdict(False, "stopping", "Ask another one; it does not take new work any more")
        else:
            found["process"] = Verdict(True, "serving")
        return Report(found)

    async def close(self) -> None:
        """Calls probes off."""
        tasks = [task for probe in self._probes.values() if (task := probe.stop()) is not None]
        await asyncio.gather(*tasks, return_exceptions=True)


REMEDIES: Final = {
    "starting": "Its topics are looked up and its tables opened; if it stays, the log says why",
    "recovering": "Its tables are made equal with the log; how much is left is in tasksys_recovery_remaining_records",
}
"""What to do about an agent that is not ready."""


def agents(
    names: tuple[str, ...],
    missing: Callable[[], Mapping[str, str]],
    partitions: Callable[[str], int] | None = None,
) -> Callable[[], dict[str, Verdict]]:
    """A check for each agent: that it has its partitions, and that their tables are recovered.

    `missing` says what is wrong with agents, by name, and `partitions` how many one has.
    """

    def verdicts() -> dict[str, Verdict]:
        wrong = missing()
        found = dict[str, Verdict]()
        for name in (*names, *(name for name in wrong if name not in names)):
            if name in wrong:
                other = "It is started again, or waits for an operator; the log says more"
                found[name] = Verdict(False, wrong[name], REMEDIES.get(wrong[name], other))
            else:
                assigned = "" if partitions is None else f", {partitions(name)} partitions assigned"
                found[name] = Verdict(True, f"recovered{assigned}")
        return found

    return verdicts


class Room(Protocol):
    """A disk that is looked at; see monitoring.process."""

    @property
    def writable(self) -> bool:
        """True if a file could be written there lately."""
        ...

    @property
    def free(self) -> int | None:
        """Bytes that can be written; None if that is not known yet."""
        ...


def disk(room: Room, place: str, least: int = LEAST_BYTES) -> Callable[[], dict[str, Verdict]]:
    """The check `disk`: that it can be written, and that there is room left."""

    def verdicts() -> dict[str, Verdict]:
        free = room.free
        if not room.writable:
            found = Verdict(False, f"{place} cannot be written", "Look at the disk and at who may write there")
        elif free is not None and free < least:
            found = Verdict(
                False,
                f"{free / MIB:.0f} MiB are left at {place}",
                f"Make room: at least {least / MIB:.0f} MiB are needed, and nothing is deleted by itself",
            )
        else:
            found = Verdict(True, "writable" if free is None else f"writable, {free / MIB:,.0f} MiB free")
        return {"disk": found}

    return verdicts
