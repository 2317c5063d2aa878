"""What the clients of a simulation ask for: commands about few things, so that they meet; many are refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from tasksys import commands as c
from tasksys.commands import Command
from tasksys.series.shapes import GivenFields, GivenTemplate, Missed
from tasksys.values import ChannelKind, LinkType, Repeat, Role, Status, Trigger, When, instant

PEOPLE: Final = ("olga", "ben", "cleo")
"""Who acts; the first one owns every workspace."""
GUESTS: Final = ("gus", "gil")
TASKS: Final = tuple(f"t{number}" for number in range(6))
MADE: Final = (c.CreateTask, c.AddComment, c.AddReminder, c.CreateProject, c.CreateSeries)


class Tale:
    """Random commands. `now` is what its tellers believe that the time is."""

    def __init__(self, rng: Random, now: Callable[[], datetime]) -> None:
        self._rng, self._now = rng, now
        self._count = 0
        self._kinds: list[Callable[[], Command]] = []
        self._weights: list[int] = []
        for weight, kind in self._all():
            self._kinds.append(kind)
            self._weights.append(weight)

    def command(self) -> Command:
        """The next one."""
        self._count += 1
        return self._rng.choices(self._kinds, self._weights)[0]()

    def _all(self) -> list[tuple[int, Callable[[], Command]]]:
        some, rng, task = self._some, self._rng, self._task
        return [
            (9, lambda: c.CreateTask(task=task(), title=self._word(), **self._place())),
            (8, lambda: c.EditTask(task=task(), title=self._word(), due=rng.choice((None, self._day())))),
            (2, lambda: c.EditTask(task=task(), status=rng.choice(list(Status)))),
            (3, lambda: c.MoveTask(task=task(), after=task())),
            (2, lambda: c.MoveTask(task=task(), project=some("p", 2))),
            (4, lambda: c.CompleteTask(task=task())),
            (2, lambda: c.ReopenTask(task=task())),
            (2, lambda: c.TrashTask(task=task())),
            (2, lambda: c.RestoreTask(task=task())),
            (2, lambda: c.LabelTask(task=task(), add=(some("l", 3),))),
            (2, lambda: c.LinkTask(task=task(), link=LinkType.RELATES, other=task())),
            (3, lambda: c.AddComment(task=task(), comment=some("c", 4), body=self._word())),
            (1, lambda: c.RemoveComment(task=task(), comment=some("c", 4))),
            (8, self._reminder),
            (1, lambda: c.RemoveReminder(task=task(), reminder=some("r", 6))),
            (2, lambda: c.SnoozeReminder(reminder=some("r", 6), duration="PT5S", into=some("r", 9))),
            (2, lambda: c.AcknowledgeReminder(reminder=some("r", 6))),
            (2, lambda: c.CreateProject(project=some("p", 2), name=self._word())),
            (1, lambda: c.TrashProject(project=some("p", 2))),
            (1, lambda: c.SetMember(user=rng.choice(GUESTS), role=rng.choice((Role.VIEWER, Role.EDITOR)))),
            (1, lambda: c.RemoveMember(user=rng.choice(GUESTS))),
            (1, lambda: c.EditWorkspace(name=self._word(), time_zone=rng.choice(("UTC", "Europe/Berlin")))),
            (3, self._series),
            (1, lambda: c.EditSeries(series=some("z", 2), template=GivenFields(title=self._word()))),
            (1, lambda: c.PauseSeries(series=some("z", 2))),
            (1, lambda: c.ResumeSeries(series=some("z", 2))),
            (2, self._channel),
            (4, lambda: c.Undo(position=rng.randrange(1, 2 + self._count))),
        ]

    def _some(self, stem: str, most: int) -> str:
        return f"{stem}{self._rng.randrange(most)}"

    def _task(self) -> str:
        return self._rng.choice(TASKS)

    def _word(self) -> str:
        return f"number {self._count}"

    def _day(self) -> When:
        return When(date=(self._now() + timedelta(days=self._rng.randrange(3))).date().isoformat())

    def _place(self) -> dict[str, Any]:
        return self._rng.choice(({}, {}, {"project": self._some("p", 2)}, {"parent": self._some("t", 6)}))

    def _reminder(self) -> Command:
        at = instant(self._now() + timedelta(seconds=self._rng.uniform(0.5, 8.0)))
        repeat = self._rng.choice((None, None, Repeat(every="PT1M", times=2)))
        channels = self._rng.choice(((), ("feed",), ("phone", "feed"), ("phone",)))
        task, reminder = self._rng.choice(TASKS), self._some("r", 9)
        return c.AddReminder(task=task, reminder=reminder, trigger=Trigger(at=at), repeat=repeat, channels=channels)

    def _series(self) -> Command:
        missed, template = self._rng.choice(list(Missed)), GivenTemplate(title=self._word())
        name = self._some("z", 2)
        return c.CreateSeries(series=name, template=template, rule="FREQ=DAILY", anchor=self._day(), missed=missed)

    def _channel(self) -> Command:
        sealed = ("v1.xyz", "https://phone.example/…")
        return c.SetChannel(channel="phone", kind=ChannelKind.WEBHOOK, target="", sealed=sealed)
