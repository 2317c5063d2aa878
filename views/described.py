"""The words of the API reference: parameters, headers, problems, tags and examples. `openapi` puts them together."""

from http import HTTPStatus
from typing import Any, Final

from tasksys import commands
from tasksys.ical.calendar import View
from tasksys.values import DeliveryState, LinkType, ReminderState
from views import stale
from views.context import PARAMETER_CHARACTERS, POSITION_HEADER, POSITIONS
from views.keys import SPARE_KEY_HEADER
from views.quickadd import ParseRequest
from views.recurrence import RecurrencePreview
from views.sending import REPLAYED_HEADER

Described = tuple[dict[str, Any], str]
"""A schema and what it means."""

POSITION: Final = {"type": "integer", "minimum": 0, "maximum": POSITIONS}
TEXT: Final = {"type": "string", "maxLength": PARAMETER_CHARACTERS}
INSTANT: Final = {"type": "string", "format": "date-time", "examples": ["2026-03-08T09:00:00Z"]}

BOUND: Final = {"type": "string", "examples": ["2026-03-08", "2026-03-08T09:00", "2026-03-08T09:00:00Z"]}

QUERY: Final[dict[str, Described]] = {
    "filter": (
        {**TEXT, "examples": ["(status = open and due < today+3d) or (priority >= high and label in (urgent, home))"]},
        "Such as `status = open and due < today+3d or label in (home)`.",
    ),
    "q": ({**TEXT, "examples": ["milk"]}, "Words to find; a word finds those that begin with it."),
    "sort": ({**TEXT, "examples": ["due,-priority,order"]}, "Such as `due,-priority,order`."),
    "limit": (
        {"type": "integer", "minimum": 1},
        "Items at most; there may be fewer, and more to come, where texts are large.",
    ),
    "cursor": (TEXT, "`next_cursor` of the page before."),
    "count": ({"type": "boolean", "default": False}, "Count all that match, too."),
    "as_of": (
        {"type": "string", "examples": ["42", "2026-03-08T09:00:00Z"]},
        "A position, or an instant with offset: the state then.",
    ),
    "min_position": (POSITION, "Wait until the view has this position."),
    "token": (
        {"type": "string", "maxLength": 256},
        "The secret of the caller's calendar: it says who asks, so that nothing else needs to.",
    ),
    "view": ({"type": "string", "enum": list(View), "default": "todos"}, "Tasks as to-dos, or those due as events."),
    "dry_run": ({"type": "boolean", "default": False}, "Only tell what would be done."),
    "project": ({"type": "string"}, "The project that new tasks go to."),
    "format": (
        {"type": "string", "enum": ["ics", "json", "csv", "todoist"]},
        "What the file is, if its Content-Type does not say it.",
    ),
    "project_name": (
        {**TEXT, "examples": ["Groceries"]},
        "What the project is called that is made where a template of Todoist's has sections.",
    ),
    "mapping": (
        {**TEXT, "examples": ['{"title": "Task name", "due": "Deadline"}']},
        "Which column of a spreadsheet is which field, as JSON; the others are known by their names.",
    ),
    "trashed": ({"type": "boolean", "default": False}, "Those in the trash instead."),
    "after": ({**POSITION, "default": 0}, "Only what comes after this position."),
    "wait": (
        {"type": "integer", "minimum": 0, "maximum": 60, "default": 0},
        "Seconds to wait until there is something.",
    ),
    "task": ({"type": "string"}, "Only of this task."),
    "ended": ({"type": "boolean", "default": False}, "Those that have ended instead."),
    "from": (BOUND, "Not before this date, local time or instant."),
    "to": (BOUND, "Before this date, local time or instant."),
    "state": ({"type": "string", "enum": list(ReminderState)}, "Only those of this state."),
    "user": ({"type": "string"}, "Only those of this user."),
    "channel": ({"type": "string"}, "Only firings that went to this channel."),
    "delivery": (
        {"type": "string", "enum": list(DeliveryState)},
        "Only firings with a delivery in this state.",
    ),
    "actor": ({"type": "string"}, "Only by this user."),
    "since": (INSTANT, "Not before this instant."),
    "until": (INSTANT, "Not after this instant."),
}

KEY: Final = "^[A-Za-z0-9_-]{1,64}$"

HEADERS: Final[dict[str, Described]] = {
    "Idempotency-Key": (
        {"type": "string", "pattern": KEY, "examples": ["01JQ5Z8V0Y8B6W3M2N4P5R6S7T"]},
        "Names the command: repeated under the same key, it is applied once, and answered as the first time.",
    ),
    "If-None-Match": (
        {"type": "string", "examples": ['"5f2c"']},
        "An ETag as it came: the answer is 304 while nothing has changed since.",
    ),
    "If-Match": (
        {"type": "string", "pattern": '^(\\*|(W/)?"[0-9]{1,15}")$', "examples": ['"3"']},
        "Only if the version is still this one: an ETag as it was given.",
    ),
    "Prefer": (
        {"type": "string", "examples": ["respond-async", "wait=5"]},
        "`respond-async`, or `wait=N` seconds at most.",
    ),
    POSITION_HEADER: (POSITION, "The same as `min_position`: what a write answered with."),
    stale.ASKED: (
        {"type": "string", "examples": ["standby"]},
        "`standby`: an answer of an earlier position rather than none. What copies lack, like history, is the owner's.",
    ),
}

ANSWERED: Final[dict[str, Described]] = {
    "ETag": (
        {"type": "string", "examples": ['"3"']},
        "The version of what is shown, for If-Match; of a calendar, for If-None-Match.",
    ),
    "Location": (
        {"type": "string", "format": "uri-reference"},
        "The address of what was made, or where the outcome is told.",
    ),
    REPLAYED_HEADER: ({"const": "true"}, "This is the outcome of an earlier command under the same key."),
    POSITION_HEADER: (POSITION, "The workspace's position that is shown, for reads that must not show less."),
    stale.HEADER: ({"const": "true"}, "This is from a copy: perhaps of an earlier position than the last write."),
    SPARE_KEY_HEADER: (
        {"type": "string", "pattern": KEY},
        "The Idempotency-Key under which to repeat a write that was sent without one, for it may have been done.",
    ),
    "Content-Disposition": ({"type": "string"}, "The name of a file to keep it in."),
    "Retry-After": ({"type": "string", "pattern": "^[0-9]+$"}, "Seconds to wait before trying again."),
    "WWW-Authenticate": ({"type": "string"}, "How to say who is asking."),
}

ID: Final = {"type": "string", "pattern": KEY}
USER: Final = {"type": "string", "pattern": "^[A-Za-z0-9._@+:|-]{1,128}$"}
IN_PATH: Final[dict[str, Described]] = {
    "ws": (ID, "The workspace."),
    "user": (USER, "The member's id, as tokens name them."),
    "link": ({"type": "string", "enum": [link.value for link in LinkType]}, "The kind of link, as this task sees it."),
    "other": (ID, "The task at the other end of the link."),
    "command": (ID, "The command's id: its idempotency key."),
    "saved": (ID, "The saved filter."),
    "letter": (ID, "The dead letter's id: partition and offset."),
}
"""What is named in addresses; an id of what the name says, if it is not here."""

PROBLEMS: Final[dict[HTTPStatus, tuple[str, tuple[str, ...]]]] = {
    HTTPStatus.BAD_REQUEST: ("The request cannot be understood: a parameter, a filter, the JSON.", ()),
    HTTPStatus.UNAUTHORIZED: ("There is no token, or it is not accepted.", ("WWW-Authenticate",)),
    HTTPStatus.FORBIDDEN: ("Your role does not allow this.", (REPLAYED_HEADER,)),
    HTTPStatus.NOT_FOUND: ("There is no such thing, or you are no member of its workspace.", (REPLAYED_HEADER,)),
    HTTPStatus.REQUEST_TIMEOUT: ("The body did not come in time.", ()),
    HTTPStatus.CONFLICT: (
        "It does not go with what is there: taken, in the trash, changed since, or still being decided.",
        ("Retry-After", REPLAYED_HEADER, SPARE_KEY_HEADER),
    ),
    HTTPStatus.PRECONDITION_FAILED: (
        "The version is another one by now; `conflicts` are the events since.", (REPLAYED_HEADER,)
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("The body, or the command, is too large; send less at once.", ()),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("The body is not of the content type that is taken here.", ()),
    HTTPStatus.UNPROCESSABLE_ENTITY: (
        "A field is wrong; `errors` point to it. Or the idempotency key names another command.", (REPLAYED_HEADER,)
    ),
    HTTPStatus.TOO_MANY_REQUESTS: (
        "Too many commands wait here, or feeds of yours are open; try again in a moment.", ("Retry-After",)
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("A fault of the server.", (SPARE_KEY_HEADER,)),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "The log or a view is not there at the moment; try again.", ("Retry-After", SPARE_KEY_HEADER)
    ),
    HTTPStatus.GATEWAY_TIMEOUT: ("The view has not reached the position in time.", ("Retry-After", SPARE_KEY_HEADER)),
}  # fmt: skip
"""What each status means, and the headers that it may have."""

NOTHING: Final = "Done; there is nothing (any more) to show, or you are no member any more."

TAGS: Final = {
    "workspaces": "The unit of order: all of its commands, events and reads have one sequence of positions.",
    "members": "Who belongs to a workspace, in which role.",
    "projects": "Lists of tasks, with ordered sections.",
    "tasks": "What is to be done.",
    "comments": "What people say about a task.",
    "checklist": "The small steps of a task.",
    "links": "How tasks relate to each other.",
    "reminders": "What to be told of, and when; each is one member's.",
    "exchange": "Files of tasks, of ours and of other programs.",
    "calendar": "Tasks in calendar programs, and from their files.",
    "series": "Tasks that come again and again, each occurrence a task of its own.",
    "filters": "Queries that are kept under a name: your own, and those that members share.",
    "preferences": "What you want of reminders: zone, quiet hours, and the channels that reach you. Nobody else's.",
    "recurrence": "Rules of what comes again and again.",
    "commands": "Every write as what it is: a command, and its outcome.",
    "history": "Events and audit: what happened, who did it, and that nobody changed the record.",
    "feed": "What happens in a workspace, as it happens.",
    "operations": "For operators.",
}

EXAMPLES: Final[dict[type[Any], Any]] = {
    commands.CreateWorkspace: {"name": "Home", "time_zone": "Europe/Berlin"},
    commands.EditWorkspace: {"reminder_hour": 8},
    commands.SetMember: {"role": "editor"},
    commands.CreateProject: {"name": "Household"},
    commands.EditProject: {"colour": "green"},
    commands.AddSection: {"name": "To do"},
    commands.EditSection: {"name": "Doing"},
    commands.CreateTask: {
        "title": "Buy milk",
        "due": {"local": "2026-03-08T09:00", "zone": "Europe/Berlin"},
        "labels": ["home"],
        "priority": "high",
    },
    commands.EditTask: {"title": "Buy oat milk", "due": None},
    commands.MoveTask: {"section": "01JQ5Z8V0Y8B6W3M2N4P5R6S7T", "after": "01JQ5Z9C3H4K6M8N0P2Q4R6S8T"},
    commands.AssignTask: {"add": ["anna"]},
    commands.LabelTask: {"add": ["urgent"], "remove": ["later"]},
    commands.LinkTask: {"link": "blocked-by", "other": "01JQ5Z9C3H4K6M8N0P2Q4R6S8T"},
    commands.AddChecklistItem: {"title": "Two litres"},
    commands.EditChecklistItem: {"done": True},
    commands.AddComment: {"body": "The shop closes at **six**."},
    commands.EditComment: {"body": "The shop closes at **seven**."},
    commands.AddReminder: {"trigger": {"before": "PT30M", "of": "due"}},
    commands.SnoozeReminder: {"duration": "PT10M"},
    commands.PostponeTask: {"by": "P1D"},
    commands.CreateSeries: {
        "template": {"title": "Water the plants", "reminders": [{"trigger": {"before": "PT30M"}}]},
        "rule": "FREQ=WEEKLY;BYDAY=TU,FR",
        "anchor": {"local": "2026-03-10T18:00", "zone": "Europe/Berlin"},
    },
    commands.EditSeries: {
        "scope": "this-and-following",
        "occurrence": "2026-04-03T18:00",
        "rule": "FREQ=WEEKLY;BYDAY=FR",
        "template": {"title": "Water all plants"},
    },
    commands.SkipOccurrence: {"occurrence": "2026-03-17T18:00"},
    commands.CreateFilter: {"name": "Soon", "filter": "due < today+3d and status = open", "sort": "due,-priority"},
    commands.EditFilter: {"name": "This week", "filter": "due < today+7d", "shared": True},
    commands.SetPreferences: {"zone": "Europe/Berlin", "quiet_hours": {"from": "22:00", "to": "07:00"}},
    commands.SetChannel: {"kind": "webhook", "target": "https://example.org/hooks/tasks"},
    commands.Undo: {"position": 42},
    ParseRequest: {"text": "Buy milk tomorrow 9am #home !high @anna every monday", "zone": "Europe/Berlin"},
    RecurrencePreview: {
        "rule": "FREQ=MONTHLY;RSCALE=GREGORIAN;SKIP=BACKWARD;COUNT=4",
        "anchor": {"local": "2026-01-31T09:00", "zone": "Europe/Berlin"},
    },
}
"""A body for each command, and for each question, that takes one."""

FILES: Final[dict[str, dict[str, Any]]] = {
    "text/calendar": {
        "schema": {"type": "string"},
        "example": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nBEGIN:VTODO\r\nUID:1@example.org\r\n"
        "DTSTAMP:20260308T090000Z\r\nSUMMARY:Buy milk\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
    },
    "application/json": {
        "schema": {"type": "object"},
        "example": {"workspace": {}, "tasks": [{"id": "milk", "title": "Buy milk"}]},
    },
    "text/csv": {"schema": {"type": "string"}, "example": "title,due,labels\r\nBuy milk,2026-03-08,home\r\n"},
}
"""What is shown of files, by their content type."""

SENT: Final = {
    "one": {"type": "CompleteTask", "task": "01JQ5Z9C3H4K6M8N0P2Q4R6S8T"},
    "batch": {
        "commands": [
            {"type": "CreateTask", "task": "milk", "title": "Buy milk"},
            {"type": "AddChecklistItem", "task": "milk", "title": "Two litres"},
        ]
    },
}
"""Commands as they are sent by themselves."""

WHEN: Final = [
    {"date": "2026-03-08"}, {"local": "2026-03-08T09:00", "zone": "Europe/Berlin"}, {"local": "2026-03-08T09:00"},
]  # fmt: skip
WHEN_SAYS: Final = "A start or due value: a date, a wall time in a zone, or one that floats without. It keeps its kind."
