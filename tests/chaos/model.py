"""A system without faults, as a model: it fills in histories that must be found good, and that tests then spoil.

Each operation takes effect at one instant between its beginning and its end; operations overlap, answers get lost,
commands are repeated, subscribers come at any time. That is all that clients of the real one may see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from tests.chaos.history import Audited, Event, Fate, Followed, History, Read, Seen, Shown, Space, Trouble, Write

CLIENTS = ("ada", "ben", "cleo")
CLOCK = "the-clock"
THINGS = ("milk", "bread", "jam")


@dataclass
class Model:
    """One workspace; `seconds` is when the next operation takes effect."""

    name: str
    rng: Random
    log: list[Event] = field(default_factory=list)
    keyless: set[str] = field(default_factory=set)
    """Texts of commands that have no key of their client's."""
    outcomes: dict[tuple[str, str], Write] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    commands: int = 0
    seconds: float = 10.0

    def write(self) -> list[Write]:
        """One attempt at a new command, or at one of before; the clock's are nobody's attempts."""
        known = [name for name, outcome in self.outcomes.items() if not outcome.keyless]
        if known and self.rng.random() < 0.25:
            return [self._attempt(*self.rng.choice(known), replayed=True)]
        self.commands += 1
        actor = self.rng.choice((*CLIENTS, CLOCK))
        if actor == CLOCK:
            self._decide(CLOCK, f"fire-{self.commands}", 1)
            return []
        if self.rng.random() < 0.2:
            return self._without_a_key(actor)
        name = f"key-{self.commands}"
        if self.rng.random() < 0.1:  # lost on its way there; it may be tried again
            return [self._unknown(actor, name)]
        self._decide(actor, name, self.rng.choice((0, 1, 1, 1, 3)))
        return [self._attempt(actor, name, replayed=False)]

    def _without_a_key(self, actor: str) -> list[Write]:
        """A command that is known by a text in it. Its attempts end at the first one that is answered, if any is."""
        text = f"text-{self.commands}"
        self.keyless.add(text)
        lost = [self._unknown(actor, text) for _ in range(self.rng.randrange(3))]
        if self.rng.random() < 0.2:
            return lost
        self._decide(actor, text, 1)
        return [*lost, self._attempt(actor, text, replayed=False)]

    def _decide(self, actor: str, name: str, count: int) -> None:
        """`count` events, or a refusal."""
        keyless = name in self.keyless
        first = len(self.log) + 1
        for index in range(count):
            thing = self.rng.choice(THINGS)
            self.versions[thing] = self.versions.get(thing, 0) + 1
            origin = f"{self.name}-{self.commands}"
            self.log.append(
                Event(
                    position=len(self.log) + 1, id=f"{origin}-{index}", origin=origin, actor=actor,
                    command=f"given-{self.commands}" if keyless else name, text=name if keyless else "",
                    digest=f"bytes-{len(self.log)}", at=f"2126-03-08T09:00:{self.commands // 2:05d}", thing=thing,
                    version=self.versions[thing], fires=f"{name}@noon" if actor == CLOCK else "",
                )
            )  # fmt: skip
        if actor != CLOCK:
            span = (first, len(self.log)) if count else (0, 0)
            self.outcomes[actor, name] = Write(
                client=actor, workspace=self.name, actor=actor, command=name, began=0, ended=0,
                fate=Fate.ACCEPTED if count else Fate.REFUSED, first=span[0], last=span[1], position=len(self.log),
                shown=f"outcome of {name}", keyless=keyless,
            )  # fmt: skip

    def _attempt(self, actor: str, name: str, replayed: bool, lossy: bool = True) -> Write:
        if lossy and self.rng.random() < 0.2:
            return self._unknown(actor, name)
        outcome = self.outcomes[actor, name]
        began, ended = self._around()
        if not (replayed or outcome.keyless) and self.rng.random() < 0.2:
            return Write(
                client=actor, workspace=self.name, actor=actor, command=name, began=began, ended=ended,
                fate=Fate.APPENDED,
            )  # fmt: skip
        position = outcome.position if replayed or outcome.fate is Fate.ACCEPTED else 0
        return Write(
            client=actor, workspace=self.name, actor=actor, command=name, began=began, ended=ended, fate=outcome.fate,
            first=outcome.first, last=outcome.last, position=position, replayed=replayed, shown=outcome.shown,
            via="worker-1", keyless=outcome.keyless,
        )  # fmt: skip

    def _unknown(self, actor: str, name: str) -> Write:
        began, ended = self._around()
        return Write(
            client=actor, workspace=self.name, actor=actor, command=name, began=began, ended=ended,
            fate=Fate.UNKNOWN, keyless=name in self.keyless,
        )  # fmt: skip

    def asked(self) -> list[Write]:
        """What becomes of commands that were acknowledged as appended, asked for in the end."""
        keyed = [name for name, outcome in self.outcomes.items() if not outcome.keyless]
        return [self._attempt(*name, replayed=True, lossy=False) for name in keyed]

    def read(self) -> Read:
        """Some things as they are now, or by a standby as they were: for who asked for it, or in trouble."""
        began, ended = self._around()
        asked = self.rng.random() < 0.2
        stale = self.rng.random() < (0.5 if asked else 0.1)
        if stale and not asked:
            worker, healing = self.rng.choice((("worker-2", 0.0), ("worker-1", 5.0), ("", 5.0)))
            self.troubles.append(Trouble(worker, began - 8, began - healing + 0.05))
        position = self.rng.randint(0, len(self.log)) if stale else len(self.log)
        rows = dict.fromkeys(THINGS, 0)
        rows |= {event.thing: event.version for event in self.log[:position]}
        return Read(
            client=self.rng.choice(CLIENTS), workspace=self.name, began=began, ended=ended, position=position,
            rows=rows, at_least=self.rng.randint(0, position), asked=asked, stale=stale, via="worker-1",
        )  # fmt: skip

    def _around(self) -> tuple[float, float]:
        """An interval around this instant; the next operation may overlap it."""
        self.seconds += 1
        return self.seconds - self.rng.choice((0.1, 0.5, 4.0)), self.seconds + self.rng.choice((0.1, 0.5, 4.0))

    def followed(self, number: int) -> Followed:
        """A subscriber from anywhere on."""
        after = self.rng.randint(0, len(self.log))
        complete = self.rng.random() < 0.7
        end = len(self.log) if complete else self.rng.randint(after, len(self.log))
        seen = [Seen(event.position, event.id, event.digest) for event in self.log[after:end]]
        return Followed(subscriber=f"feed-{number}", workspace=self.name, after=after, seen=seen, complete=complete)

    def space(self) -> Space:
        """How it stands in the end."""
        rows = {thing: f"{thing} in {version}" for thing, version in self.versions.items()}
        shown = [Shown(worker=name, position=len(self.log), rows=dict(rows)) for name in ("worker-1", "worker-2")]
        audited = [Audited(worker="worker-1", verified=len(self.log))]
        due = [event.fires for event in self.log if event.fires]
        return Space(log=self.log, folded=rows, shown=shown, audited=audited, due=due)


def good(rng: Random, operations: int = 40) -> History:
    """A history in which nothing is wrong."""
    history = History(others=[CLOCK], differences={"worker-1": 0})
    for name in ("home", "work"):
        model = Model(name, rng)
        for _ in range(operations):
            if rng.random() < 0.6:
                history.writes += model.write()
            else:
                history.reads.append(model.read())
        history.writes += model.asked()
        history.troubles += model.troubles
        history.followed += [model.followed(number) for number in range(3)]
        history.spaces[name] = model.space()
    rng.shuffle(history.writes)
    rng.shuffle(history.reads)
    return history
