"""From the tasks that a file wants to commands: what is to be made or left, and why.

A task that is not here is made, with all that belongs to it. One that is here is left alone: what was done here since
is never overwritten. Only where an import broke off are the commands given of it that were never decided.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import structs

from tasksys import checks, limits
from tasksys.commands import AddChecklistItem, AddComment, CreateTask, LinkTask, TrashProject, TrashTask
from tasksys.exchange.bounds import NOTES
from tasksys.exchange.errors import quoted
from tasksys.exchange.naming import WHOLE, named
from tasksys.exchange.wanted import Wanted
from tasksys.ical.destination import Destination
from tasksys.ical.step import CREATE, UNTITLED, UPDATE, Step
from tasksys.places import in_trash
from tasksys.rows import Link
from tasksys.values import CLOSED, OPPOSITE, Status

Never = Callable[[str], bool]
"""Whether the actor's command of that id was never decided, as far as that is remembered."""

HERE: Final = "it is here already"
TRASHED: Final = "the task is in the trash here; restore it first"


def plan(wanted: Sequence[Wanted], target: Destination, never: Never) -> Iterator[Step]:
    """The steps for the tasks of a file, parents first."""
    found: dict[str, Wanted] = {}
    for one in wanted:
        if one.task in found:
            yield Step(line=one.line, uid=one.uid, title=one.title, reason=f"it is that of line {found[one.task].line}")
        else:
            found[one.task] = one
    linked: set[tuple[str, ...]] = set()
    for one in in_order(found):
        yield guarded(one.line, one.uid, one.title, partial(_step, one, found, linked, target, never))


def guarded(line: int, uid: str, title: str, make: Callable[[], Step]) -> Step:
    """The step; or one that says why there is none, for a file may say of single things what no command can."""
    try:
        step = make()
    except (ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        return Step(line=line, uid=uid, title=title, reason=f"it cannot be taken: {error}"[:500])
    return structs.replace(step, notes=step.notes[:NOTES])


def in_order(found: dict[str, Wanted]) -> Iterator[Wanted]:
    """Parents first; where they go in a circle, it is opened at one place."""
    done: set[str] = set()
    for name in found:
        path: dict[str, None] = {}
        above: str | None = name
        while above is not None and above in found and above not in done and above not in path:
            path[above] = None
            above = found[above].parent
        circle = above is not None and above in path
        for number, one in enumerate(reversed(path)):
            done.add(one)
            if circle and not number:
                note = "its parents go in a circle, which begins here"
                yield structs.replace(found[one], parent=None, notes=(*found[one].notes, note))
            else:
                yield found[one]


def broken_off(commands: Sequence[Any], never: Never) -> tuple[Any, ...]:
    """What is left of commands that an import has begun with; nothing if this thing came here in another way."""
    begun = any(isinstance(one, WHOLE) and not never(one.id) for one in commands)
    return tuple(one for one in commands if not isinstance(one, WHOLE) and never(one.id)) if begun else ()


def _step(
    one: Wanted, found: dict[str, Wanted], linked: set[tuple[str, ...]], target: Destination, never: Never
) -> Step:
    notes = list(one.notes)
    told = Step(line=one.line, uid=one.uid, title=one.title)
    if one.series is not None:
        told = structs.replace(told, series=one.series.series, kind="series")
        row: Any = target.state.series(one.series.series)
        commands = named(target, one.uid, [one.series], notes.append)
        later: tuple[Any, ...] = ()
    else:
        told = structs.replace(told, task=one.task)
        row = task = target.state.task(one.task)
        commands = named(target, one.uid, _creation(one, found, target, notes), notes.append)
        later = named(target, one.uid, _later(one, found, linked, target, notes), notes.append)
        if task is not None and in_trash(task, target.state):
            return structs.replace(told, reason=HERE if one.trashed else TRASHED)
    if row is None:
        return structs.replace(told, action=CREATE, commands=commands, later=later, notes=tuple(notes))
    left, left_later = broken_off(commands, never), ()
    if any(isinstance(each, WHOLE) and not never(each.id) for each in commands):
        left_later = tuple(each for each in later if never(each.id))
    if left or left_later:
        return structs.replace(told, action=UPDATE, commands=left, later=left_later, notes=tuple(notes))
    return structs.replace(told, reason=HERE)


def _creation(one: Wanted, found: dict[str, Wanted], target: Destination, notes: list[str]) -> Iterator[Any]:
    fields = dict(one.fields)
    if fields.get("status") in (Status.SKIPPED, Status.MISSED):
        notes.append(f"{fields['status']} is what only an occurrence of a series is; it is cancelled here")
        fields["status"] = Status.CANCELLED
    fields["assignees"] = members(fields.get("assignees", ()), target, notes)
    place: dict[str, Any] = {"parent": _parent(one, found, target, notes)}
    if place["parent"] is None:
        place = {"project": one.project, "section": one.section}
    yield CreateTask(task=one.task, title=one.title or UNTITLED, **fields, **place)
    for item in one.checklist:
        yield AddChecklistItem(task=one.task, item=item.id, title=item.title, done=item.done)
    for remark in one.remarks:
        yield AddComment(task=one.task, comment=remark.id, body=remark.body)
    others = sorted({remark.author for remark in one.remarks} - {"", target.actor})
    if others:
        notes.append(f"comments of {', '.join(map(quoted, others[:5]))} are now by {target.actor}")
    if fields.get("status") not in CLOSED:
        yield from (structs.replace(each, task=one.task) for each in one.reminders)


def members(users: Sequence[str], target: Destination, notes: list[str]) -> tuple[str, ...]:
    """Those who are members here; the others are noted."""
    strangers = [user for user in users if target.state.member(user) is None]
    if strangers:
        notes.append(f"{', '.join(map(quoted, strangers[:5]))}: no members here, and so not assigned")
    return tuple(user for user in users if user not in strangers)


def _parent(one: Wanted, found: dict[str, Wanted], target: Destination, notes: list[str]) -> str | None:
    if one.parent is None:
        return None
    if one.parent in found and found[one.parent].series is None:
        return one.parent
    row = target.state.task(one.parent)
    if row is None:
        notes.append(f"its parent {quoted(one.parent)} is neither in the file nor here")
    elif in_trash(row, target.state):
        notes.append(f"its parent {quoted(one.parent)} is in the trash here")
    else:
        return one.parent
    return None


def _later(
    one: Wanted, found: dict[str, Wanted], linked: set[tuple[str, ...]], target: Destination, notes: list[str]
) -> Iterator[Any]:
    """What comes after all tasks are there: links, and then the trash."""
    for link in one.links:
        if link.task not in found and target.state.task(link.task) is None:
            notes.append(f"the other end of its link ({link.type.value}), {quoted(link.task)}, is not there")
        elif _new(one.task, link, linked):
            yield LinkTask(task=one.task, link=link.type, other=link.task)
    if one.trashed:
        yield TrashTask(task=one.task)


def _new(task: str, link: Link, linked: set[tuple[str, ...]]) -> bool:
    """Whether the link was not said before, from either end."""
    sides = ((task, link.type.value, link.task), (link.task, OPPOSITE[link.type].value, task))
    known = any(one in linked for one in sides)
    linked.add(sides[0])
    return not known and task != link.task


def in_sequence(steps: Sequence[Step]) -> Iterator[tuple[int, Any]]:
    """All commands of the steps in the order in which they can be done, each with its step's number.

    What belongs together comes together; then links, for which all tasks must be there; then what goes to the trash.
    """
    for number, step in enumerate(steps):
        yield from ((number, one) for one in step.commands)
    for trash in (False, True):
        for number, step in enumerate(steps):
            yield from ((number, one) for one in step.later if isinstance(one, TrashTask | TrashProject) is trash)


def tidy_title(text: str) -> tuple[str, str]:
    """A title in one line and of a length that can be, and all of the text if that is not the same."""
    line = text.strip()
    if checks.NOT_IN_LINE.search(line):
        line = " ".join(checks.NOT_IN_LINE.sub(" ", line).split())
    if len(line) <= limits.TITLE_CHARACTERS:
        return line, ""
    return f"{line[: limits.TITLE_CHARACTERS - 1]}…", text
