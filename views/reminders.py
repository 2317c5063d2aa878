"""Reads of reminders. They are written as `writes` lists it."""

from typing import Final

from aiohttp import web

from tasksys.rows import Reminder
from tasksys.values import ReminderState
from views import reads, shapes
from views.context import named, one_of, parameters, system, workspace
from views.problems import not_found
from views.routes import WS, Route

REMINDERS: Final = ("state", "user", *reads.LISTED)


async def reminders(request: web.Request) -> web.StreamResponse:
    """A page of the reminders, oldest first; of one state, or of one user, if asked for."""
    given = parameters(request, *REMINDERS)
    name, _ = await workspace(request)
    return await _reminders(request, name, given)


async def reminders_of_task(request: web.Request) -> web.StreamResponse:
    """A page of the reminders of a task, oldest first."""
    given = parameters(request, *REMINDERS)
    name, task = await reads.live_task(request)
    return await _reminders(request, name, given, task.id)


async def _reminders(
    request: web.Request, name: str, given: dict[str, str], task: str | None = None
) -> web.StreamResponse:
    state, user = one_of(given, "state", ReminderState), given.get("user")

    def wanted(row: Reminder) -> bool:
        return (task or row.task) == row.task and state in (None, row.state) and user in (None, row.user)

    items, cursor, position = await reads.page(request, name, given, Reminder, wanted)
    now = system(request).state.state(name)
    return reads.positioned(shapes.Reminders([shapes.reminder(row, now) for row in items], cursor, position), position)


async def one_reminder(request: web.Request) -> web.StreamResponse:
    """A reminder."""
    parameters(request, *reads.NOW)
    name, _ = await workspace(request)
    now = system(request).state.state(name)
    row = now.reminder(named(request, "reminder"))
    if row is None or request.match_info.get("task", row.task) != row.task:
        raise not_found("reminder", named(request, "reminder"))
    return reads.positioned(shapes.reminder(row, now), system(request).state.position(name))


ROUTES: Final = [
    Route("GET", f"{WS}/reminders", reminders, "Reminders", "reminders", shapes.Reminders, parameters=REMINDERS),
    Route(
        "GET", f"{reads.TASK}/reminders", reminders_of_task, "Reminders of a task", "reminders", shapes.Reminders,
        parameters=REMINDERS, name="get_reminders_of_task",
    ),
    Route(
        "GET", f"{reads.TASK}/reminders/{{reminder}}", one_reminder, "A reminder of a task", "reminders",
        shapes.ReminderShape, parameters=reads.NOW, name="get_reminder_of_task",
    ),
    Route(
        "GET", f"{WS}/reminders/{{reminder}}", one_reminder, "A reminder", "reminders", shapes.ReminderShape,
        parameters=reads.NOW,
    ),
]  # fmt: skip
