"""What a quick add comes to: the title, what was understood of the text, and the command that makes it."""

from typing import Any

import msgspec
from msgspec import Struct

from tasksys.quickadd.readings import Kind
from tasksys.quickadd.repeating import Repeating
from tasksys.quickadd.saying import said_minutes, said_when
from tasksys.values import Priority, Trigger, When


class Understood(Struct, frozen=True):
    """A span of the text that was understood: characters `start` up to `end`, and what they mean, in words."""

    start: int
    end: int
    kind: Kind
    text: str
    meaning: str


class Parsed(Struct, frozen=True, kw_only=True):
    """A text as it was understood: spans in order, none over another, and what is left of it as the title.

    `due` of what comes again is its first date. `start_before` is how long before it is due it begins, as ISO 8601 has
    it. `project` and `section` are ids, and `place` says them in words.
    """

    title: str
    understood: tuple[Understood, ...] = ()
    due: When | None = None
    start: When | None = None
    start_before: str | None = None
    priority: Priority = Priority.NONE
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    project: str | None = None
    section: str | None = None
    place: str = ""
    estimate_minutes: int | None = None
    reminders: tuple[Trigger, ...] = ()
    repeating: Repeating | None = None

    def command(self) -> dict[str, Any]:
        """The command as JSON has it: `CreateTask`, or `CreateSeries` of what comes again.

        A series has its reminders in its template; those of a task are commands of their own, see `reminder_bodies`.
        """
        again = self.repeating
        fields = self._fields()
        if again is None:
            return {"type": "CreateTask", **fields, **_given(start=_plain(self.start), due=_plain(self.due))}
        template = {**fields, **_given(start_before=self.start_before, reminders=self._triggers())}
        return {
            "type": "CreateSeries",
            "template": template,
            "rule": again.rule,
            "anchor": _plain(again.anchor),
            "after_completion": again.after_completion,
            "stop_after": again.stop_after,
        }

    def reminder_bodies(self) -> list[dict[str, Any]]:
        """The reminders to add to the task once it is made: `AddReminder` without its task. A series has its own."""
        return [] if self.repeating is not None else self._triggers()

    def description(self) -> str:
        """All of it in a line."""
        facts = [f"due {said_when(self.due)}"] if self.due is not None and self.repeating is None else []
        facts += [f"from {said_when(self.start)}"] if self.start is not None else []
        facts += [f"{self.repeating.said}, first {said_when(self.repeating.anchor)}"] if self.repeating else []
        facts += [f"priority {self.priority.value}"] if self.priority is not Priority.NONE else []
        facts += [self.place] if self.place else []
        facts += [f"labelled {', '.join(self.labels)}"] if self.labels else []
        facts += [f"for {', '.join(self.assignees)}"] if self.assignees else []
        facts += [f"takes {said_minutes(self.estimate_minutes)}"] if self.estimate_minutes is not None else []
        count = len(self.reminders)
        facts += [f"{count} reminder{'' if count == 1 else 's'}"] if count else []
        return f"{self.title}: {'; '.join(facts)}" if facts else self.title

    def _fields(self) -> dict[str, Any]:
        """The fields that a task and a template have alike, those that say something."""
        return {"title": self.title} | _given(
            priority=None if self.priority is Priority.NONE else self.priority.value,
            labels=list(self.labels),
            assignees=list(self.assignees),
            estimate_minutes=self.estimate_minutes,
            project=self.project,
            section=self.section,
        )

    def _triggers(self) -> list[dict[str, Any]]:
        return [
            {"trigger": {"at": one.at} if one.at is not None else {"before": one.before, "of": one.of.value}}
            for one in self.reminders
        ]


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, [])}
