"""Todoist's templates (CSV) to wanted tasks: tasks with their indents, sections, and notes below what they are about.

Its priority 1 is the highest, and 4 is none. Labels stand in a task's text as `@label`. Dates are read as quick add
reads them; what comes again becomes a series. What cannot be read stays in the description, and is told.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import structs

from tasksys import checks, limits
from tasksys.commands import CreateSeries
from tasksys.exchange import reading
from tasksys.exchange.errors import Unreadable, quoted
from tasksys.exchange.places import Places
from tasksys.exchange.plan import members, tidy_title
from tasksys.exchange.sheets import Row, Sheet
from tasksys.exchange.wanted import Remark, Wanted
from tasksys.ical.destination import Destination
from tasksys.ical.step import Step
from tasksys.ical.uids import derived
from tasksys.quickadd import Repeating
from tasksys.series.shapes import GivenTemplate
from tasksys.values import Priority, When

NEEDED: Final = ("TYPE", "CONTENT")
PRIORITIES: Final = {"1": Priority.URGENT, "2": Priority.HIGH, "3": Priority.MEDIUM, "4": Priority.NONE}
LABEL: Final = re.compile(r"(?:^|(?<=\s))@([^\s@]+)")
PERSON: Final = re.compile(r"(.*?)\s*(?:\((\d+)\))?", re.DOTALL)
PERSON_CHARACTERS: Final = 200
PROJECT: Final = "Todoist"
"""The name of the project for sections, if nothing says another one."""


def is_template(columns: Sequence[str]) -> bool:
    """Whether those are the columns of a template."""
    return set(NEEDED) <= set(columns) and bool({"INDENT", "PRIORITY", "DATE"} & set(columns))


class Template:
    """Reads the rows of a template; `places` collects the project and the sections that they name."""

    def __init__(self, sheet: Sheet, target: Destination, project: str = "") -> None:
        """`project` is the name of the one that is made, if there are sections. Raises Unreadable."""
        if not set(NEEDED) <= set(sheet.columns):
            raise Unreadable("this is no template of Todoist: its first row must name TYPE and CONTENT")
        self._at = {name: at for at, name in enumerate(sheet.columns)}
        self._sheet, self._target, self._project = sheet, target, project
        self._here = reading.Here.of(target)
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._section: str | None = None
        self.places = Places(target)

    def read(self) -> Iterator[Wanted | Step | None]:
        """What the rows want, or why nothing; None for each that was read. Notes are with the task above them.

        May raise Unreadable.
        """
        found: dict[str, Wanted] = {}
        above: list[str] = []
        last = ""
        for row in self._sheet.rows:
            yield None
            kind = self._cell(row, "TYPE").strip().casefold()
            if not any(one.strip() for one in row.cells):
                continue
            if kind == "note" and last:
                found[last] = self._noted(found[last], row)
            elif kind == "task":
                del above[self._level(row) - 1 :]
                inside = found[above[-1]] if above else None
                made = self._task(row, inside)
                if isinstance(made, Step):
                    yield made
                elif inside is not None and inside.series is not None:
                    found[inside.task] = _below(inside, made)
                    above.append(inside.task)
                    last = inside.task
                else:
                    found[made.task] = made
                    above.append(made.task)
                    last = made.task
            else:
                yield from self._other(row, kind)
                if kind == "section":
                    above, last = [], ""
        yield from found.values()

    def _cell(self, row: Row, name: str) -> str:
        at = self._at.get(name)
        return row.cells[at] if at is not None and at < len(row.cells) else ""

    def _level(self, row: Row) -> int:
        text = self._cell(row, "INDENT").strip()
        return min(int(text), limits.SUBTASK_DEPTH) if re.fullmatch(r"[1-9]\d?", text, re.ASCII) else 1

    def _other(self, row: Row, kind: str) -> Iterator[Step]:
        """What is no task: a section begins, or why the row is nothing."""
        content = " ".join(self._cell(row, "CONTENT").split())
        if kind == "section" and content:
            project = self.places.project(row.line, self._project or PROJECT)
            self._section = None if project is None else self.places.section(row.line, project, content)
        elif kind == "note":
            yield Step(line=row.line, title=content, reason="a note before any task has nothing that it is about")
        elif kind != "meta":
            yield Step(line=row.line, title=content, reason=f"its TYPE {quoted(kind)} is no task, section or note")

    def _noted(self, task: Wanted, row: Row) -> Wanted:
        """The task with a note, as a comment; of what comes again, in its description."""
        body = checks.NOT_IN_TEXT.sub("", self._cell(row, "CONTENT")).strip()
        if not body:
            return task
        if task.series is not None:
            assert task.series.template is not None
            return _described(task, body)
        name = derived(task.task, "note", str(len(task.remarks)), body)
        author = self._person(self._cell(row, "AUTHOR"))[0]
        return structs.replace(task, remarks=(*task.remarks, Remark(name, body, author)))

    def _person(self, text: str) -> tuple[str, str]:
        """A name as a member's id, where it is one, and as it stands there."""
        found = PERSON.fullmatch(text.strip()[:PERSON_CHARACTERS])
        name = found[1].strip() if found else ""
        user = next((one for one in (name, name.casefold()) if one and self._target.state.member(one)), name)
        return user, name

    def _task(self, row: Row, inside: Wanted | None) -> Wanted | Step:
        content = self._cell(row, "CONTENT").strip()
        content = content.removeprefix("* ")  # its mark for what cannot be ticked
        labels = tuple(dict.fromkeys(filter(None, map(reading.label, LABEL.findall(content)))))
        title, whole = tidy_title(" ".join(LABEL.sub("", content).split()) or content)
        if not title:
            return Step(line=row.line, reason="it has no CONTENT")
        key = (self._section or "", *row.cells)
        self._seen[key] += 1
        name = derived(self._target.workspace, "todoist", str(self._seen[key]), *key)
        notes: list[str] = []
        described = [checks.NOT_IN_TEXT.sub("", self._cell(row, "DESCRIPTION")).strip(), whole]
        fields: dict[str, Any] = {"labels": labels, "priority": self._priority(row, notes)}
        person, said = self._person(self._cell(row, "RESPONSIBLE"))
        fields["assignees"] = members((person,), self._target, notes) if person else ()
        described += [f"Responsible: {said}"] if said and not fields["assignees"] else []
        due, repeating = self._date(row, notes)
        date = " ".join(self._cell(row, "DATE").split())
        described += [f"Date: {date}"] if date and due is None else []
        deadline = " ".join(self._cell(row, "DEADLINE").split())
        described += [f"Deadline: {deadline}"] if deadline else []
        fields["description"] = "\n\n".join(one for one in described if one)
        fields["estimate_minutes"] = self._minutes(row)
        project = self._project_of(row)
        made = Wanted(
            line=row.line, uid=f"todoist/{name}", task=name, title=title, parent=inside.task if inside else None,
            fields={**fields, "due": due}, project=project, section=self._section, notes=tuple(notes),
        )  # fmt: skip
        if repeating is None or (inside is not None and inside.series is not None):
            return made
        return _again(made, fields, repeating)

    def _project_of(self, row: Row) -> str | None:
        if self._project or self._section is not None or self._target.project is not None:
            return self.places.project(row.line, self._project or PROJECT)
        return None

    def _priority(self, row: Row, notes: list[str]) -> Priority:
        text = self._cell(row, "PRIORITY").strip()
        if text and text not in PRIORITIES:
            notes.append(f"its priority {quoted(text)} is none of 1 to 4")
        return PRIORITIES.get(text, Priority.NONE)

    def _minutes(self, row: Row) -> int | None:
        amount, unit = self._cell(row, "DURATION").strip(), self._cell(row, "DURATION_UNIT").strip()
        if unit not in ("minute", "day") or not re.fullmatch(r"[1-9]\d{0,4}", amount, re.ASCII):
            return None
        return min(int(amount) * (1 if unit == "minute" else 24 * 60), limits.ESTIMATE_MINUTES)

    def _date(self, row: Row, notes: list[str]) -> tuple[When | None, Repeating | None]:
        text, language = self._cell(row, "DATE").strip(), self._cell(row, "DATE_LANG").strip()
        if not text:
            return None, None
        zone = self._cell(row, "TIMEZONE")
        try:
            here = self._here.within(zone)
        except ValueError:
            notes.append(f"its time zone {quoted(zone)} is not known; the workspace's was taken")
            here = self._here
        due, repeating = reading.said(text, here)
        if due is None:
            try:
                return reading.moment(text, here), None
            except ValueError:
                english = "" if language in ("", "en") else ", for only English is read"
                notes.append(f"its date {quoted(text)} was not understood{english}; it is in the description")
        return due, repeating


def _below(series: Wanted, made: Wanted) -> Wanted:
    """What comes again with one more thing on the checklist that each time has."""
    assert series.series is not None
    template = series.series.template
    assert template is not None
    notes = (*series.notes, f"{quoted(made.title)} is on its checklist, for what comes again has no subtasks here")
    lost = [name for name in ("due", "description", "assignees") if made.fields.get(name)]
    if lost:
        notes = (*notes, f"{', '.join(lost)} of {quoted(made.title)} were left out")
    template = structs.replace(template, checklist=(*template.checklist, made.title))
    return structs.replace(series, series=structs.replace(series.series, template=template), notes=notes)


def _described(task: Wanted, text: str) -> Wanted:
    """A series with more in the description of each time."""
    assert task.series is not None
    template = task.series.template
    assert template is not None
    both = "\n\n".join(one for one in (template.description, text) if one)
    template = structs.replace(template, description=both)
    return structs.replace(task, series=structs.replace(task.series, template=template))


def _again(made: Wanted, fields: dict[str, Any], repeating: Repeating) -> Wanted:
    """What comes again: a series, whose template the task is."""
    where: dict[str, Any] = {"project": made.project, "section": made.section}
    template = GivenTemplate(title=made.title, **fields, **({"parent": made.parent} if made.parent else where))
    series = CreateSeries(
        series=made.task, template=template, rule=repeating.rule, anchor=repeating.anchor,
        after_completion=repeating.after_completion, stop_after=repeating.stop_after,
    )  # fmt: skip
    return structs.replace(made, series=series)
