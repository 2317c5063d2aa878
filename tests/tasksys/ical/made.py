"""Calendars of worlds, and worlds of calendars."""

from collections.abc import Callable, Iterator
from contextlib import suppress

from tasksys.commands import Command
from tasksys.ical.calendar import Feed, View
from tasksys.ical.destination import Destination
from tasksys.ical.lines import calendars
from tasksys.ical.plan import plan
from tasksys.ical.reading import KINDS, todo
from tasksys.ical.series import WholeSeries
from tasksys.ical.step import Step
from tasksys.ical.times import zones
from tasksys.ical.todo import Todo
from tasksys.ical.todos import Whole
from tasksys.places import in_trash
from tasksys.refusals import Refusal
from tasksys.rows import Comment, Occurrence, Project, Series, Task
from tasksys.series.shapes import SeriesState
from tests.support.domain import OWNER, WORKSPACE, World


def file(*components: str, zones: str = "") -> str:
    """A calendar with those components, as a program writes it."""
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\n{zones}{''.join(components)}END:VCALENDAR\n"
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def vtodo(*lines: str, uid: str = "one@test") -> str:
    """A VTODO with those lines."""
    return "\n".join(["BEGIN:VTODO", f"UID:{uid}", "DTSTAMP:20260301T090000Z", *lines, "END:VTODO", ""])


def todos(text: str, strict: bool = True) -> list[Todo]:
    """The to-dos of a file; `strict` raises the error of one that cannot be read, else that is left out."""
    found = []
    for calendar in (each for each in calendars(text) if each is not None):
        for one in calendar.components:
            if one.name in KINDS:
                with suppress(*([] if strict else [ValueError])):
                    found.append(todo(one, zones(calendar)))
    return found


def one(*lines: str) -> Todo:
    """The to-do of those lines."""
    (found,) = todos(file(vtodo(*lines)))
    return found


def wholes(world: World) -> Iterator[Whole]:
    """The tasks of a world that are not in the trash, with all that belongs to them."""
    rows = list(world.rows().values())
    for row in rows:
        if isinstance(row, Task) and not in_trash(row, world.state):
            project = world.state.project(row.project) if row.project else None
            comments = [one for one in rows if isinstance(one, Comment) and one.task == row.id]
            section = project.section(row.section) if project and row.section else None
            series = world.state.series(row.series) if row.series else None
            yield Whole(row, series, project, section, world.state.reminders(row.id), comments)


def every_series(world: World) -> Iterator[WholeSeries]:
    """The series of a world that go on."""
    rows = list(world.rows().values())
    for row in rows:
        if isinstance(row, Series) and row.state is not SeriesState.ENDED:
            template = row.template
            project = world.state.project(template.project) if template.project else None
            section = project.section(template.section) if project and template.section else None
            gone = tuple(one for one in rows if isinstance(one, Occurrence) and one.series == row.id and not one.task)
            yield WholeSeries(row, project, section, gone)


def calendar(world: World, view: View = View.TODOS, user: str = OWNER) -> str:
    """The calendar of a world."""
    feed = Feed(world.workspace(), user, view)
    for series in every_series(world):
        for _ in feed.add_series(series, world.state):
            pass
    for whole in wholes(world):
        feed.add(whole)
    return feed.whole().decode()


def steps(
    text: str, world: World, actor: str = OWNER, never: Callable[[str], bool] = lambda name: True, strict: bool = True
) -> list[Step]:
    """What a file comes to in a world."""
    at = world.workspace().at
    projects = tuple(row for row in world.rows().values() if isinstance(row, Project) and row.trashed_at is None)
    return list(plan(todos(text, strict), Destination(WORKSPACE, actor, world.state, at, projects), never))


def imported(text: str, world: World, actor: str = OWNER) -> list[tuple[Command, Refusal]]:
    """Imports a file into a world; the commands that were refused."""
    refused = []
    for step in steps(text, world, actor):
        for command in step.commands:
            answer = world.when(command, actor)
            if isinstance(answer, Refusal):
                refused.append((command, answer))
    return refused
