"""Random commands and events. Commands mostly name things that are there in a furnished workspace."""

from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from msgspec import UNSET, Struct, UnsetType, structs

from tasksys import codec, limits
from tasksys.commands import CLOCK_COMMANDS, AssignTask, Command, CreateTask, CreateWorkspace, Undo
from tasksys.events import Event
from tasksys.series.shapes import Before, GivenFields, GivenTemplate, OfEach
from tasksys.values import Of, QuietHours, Repeat, Trigger, When
from tests.support.domain import ACTORS, CHORE, LEAVER, NEXT_CHORE, OWNER, STRANGER

QUICK: Final = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For one call an example."""
STORIES: Final = settings(QUICK, max_examples=100)
"""For a sequence of commands an example."""

SURROGATES: Final = st.characters() | st.sampled_from("\x00\x1b\x85\u2028\u2029\u202e\ud800\udfff\t\n\r 🥛")
ZONES: Final = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia")
DATES: Final = st.dates().map(lambda day: When(date=day.isoformat()))
LOCALS: Final = st.datetimes().map(lambda moment: moment.isoformat(timespec="minutes"))
WHENS: Final = DATES | st.builds(When, local=LOCALS, zone=st.none() | st.sampled_from(ZONES))

USERS: Final = st.sampled_from([*ACTORS.values(), *ACTORS.values(), LEAVER, STRANGER])
WORDS: Final = st.sampled_from(["Milk", "Bread", " Jam ", "x", "שלום 🥛"])
LABELS: Final = st.sampled_from(["food", "shop", "urgent", " shop "])
NAMED: Final[dict[str, st.SearchStrategy[Any]]] = {
    "id": st.just(""),
    "task": st.sampled_from(["milk", "milk", "bread", "jam", "tax", "rent", "junk", "t1", "t2", CHORE, CHORE]),
    "other": st.sampled_from(["milk", "bread", "tax", "junk", "t1"]),
    "parent": st.sampled_from(["milk", "jam", "tax", "junk", "t1"]),
    "after": st.sampled_from(["milk", "bread", "jam", "t1"]),
    "before": st.sampled_from(["milk", "bread", "jam", "t1"]),
    "gap": st.none(),
    "project": st.sampled_from(["home", "work", "attic", "p1"]),
    "section": st.sampled_from(["todo", "doing", "s1"]),
    "item": st.sampled_from(["item", "i1", "i2"]),
    "series": st.sampled_from(["chores", "chores", "paused", "s1", "s2"]),
    "occurrence": st.sampled_from([*("2026-03-12T18:00", NEXT_CHORE, "2026-03-26T18:00"), "2026-04-01", "2026-04-02"]),
    "rule": st.sampled_from(
        ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=TH,FR", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=DAILY;COUNT=3", "daily"]
    ),
    "anchor": st.sampled_from(
        [
            When(date="2026-03-08"),
            When(date="2026-03-31"),
            When(local="2026-03-12T19:00", zone="Europe/Berlin"),
            When(local="2026-03-12T18:00", zone="Europe/Berlin"),
        ]
    ),
    "rdate": st.just(()),
    "exdate": st.sampled_from([(), ("2026-03-19T18:00",), ("2026-04-02",)]),
    "stop_after": st.integers(1, 3),
    "ahead": st.sampled_from(["P1D", "PT1H", "-P1D", "soon"]),
    "by": st.sampled_from(["P1D", "PT1H", "-P1D", "soon"]),
    "comment": st.sampled_from(["remark", "c1"]),
    "reminder": st.sampled_from(["bell", "bell", "r1", "r2"]),
    "into": st.sampled_from(["r1", "r2", "r3", "s2"]),
    "duration": st.sampled_from(["PT1M", "P1D", "-PT1H", "soon"]),
    "until": st.sampled_from(["2026-03-09T09:00:00Z", "2020-01-01T00:00:00Z", "soon"]),
    "channel": st.sampled_from(["phone", "pager", "desk", "feed"]),
    "channels": st.lists(st.sampled_from(["phone", "pager", "feed"]), max_size=3).map(tuple),
    "saved": st.sampled_from(["urgent", "mine", "f1", "f2"]),
    "filter": st.sampled_from(["priority >= high", "label = food and due < today", "assignee = me", "due <"]),
    "q": st.sampled_from(["milk", "bread"]),
    "sort": st.sampled_from(["due,-priority", "order", "nothing"]),
    "target": st.just(""),
    "sealed": st.tuples(st.just("v1.sealed"), st.just("https://x.example/…")),
    "marks": st.sampled_from([(), ("mark",), ("new", "mark")]),
    "asked": st.integers(1, 60),
    "attempt": st.integers(1, 3),
    "error": st.sampled_from(["", "503"]),
    "retry_at": st.sampled_from(["2026-04-01T10:00:00.000Z", "2026-04-03T09:00:00.000Z"]),
    "scheduled_for": st.sampled_from(["2026-04-01T09:00:00.000Z", "2026-03-09T09:00:00.000Z"]),
    "user": st.sampled_from([*[user for user in ACTORS.values() if user != OWNER] * 3, LEAVER, "nina", OWNER]),
    "assignees": st.lists(USERS, max_size=3).map(tuple),
    "labels": st.lists(LABELS, max_size=3).map(tuple),
    "add": st.lists(LABELS, max_size=2).map(tuple),
    "remove": st.lists(LABELS, max_size=2).map(tuple),
    "order": st.from_regex(r"[0-9A-Za-z]{0,3}[1-9A-Za-z]", fullmatch=True),
    "time_zone": st.sampled_from(ZONES),
    "zone": st.sampled_from(ZONES),
    "quiet_hours": st.sampled_from([QuietHours("22:00", "07:00"), QuietHours("12:00", "13:30")]),
    "default_reminders": st.lists(st.builds(Trigger, before=st.just("PT30M")), max_size=2).map(tuple),
    "reminder_hour": st.integers(0, 23),
    "catch_up": st.sampled_from(["P7D", "PT1H"]),
    "estimate_minutes": st.integers(0, limits.ESTIMATE_MINUTES),
    "position": st.integers(1, 50),
    "command": st.integers(1, 60).map(lambda number: f"command-{number}"),
    "expected_version": st.sampled_from([None] * 20 + [1, 3]),
    "actor": st.none(),
    "events": st.just(()),
}
HOSTILE: Final = st.text(SURROGATES, max_size=8) | st.sampled_from(
    ["", " ", "\x00", "\ud800", "\u202egnp.exe", "a\r\nb", "../../etc", "x" * 600, "🥛" * 20_000, "'; --", "nowhere"]
)
BEFORE: Final = st.builds(Trigger, before=st.sampled_from(["P1D", "PT30M", "-PT1H", "soon"]), of=st.sampled_from(Of))
ABSOLUTE: Final = st.builds(Trigger, at=st.sampled_from(["2026-03-09T10:00:00+01:00", "2020-01-01T00:00:00Z", "soon"]))
REPEATS: Final = st.builds(Repeat, every=st.sampled_from(["PT1M", "P1D", "PT1S"]), times=st.integers(1, 100))
STRINGS: Final = frozenset(
    {"channel", "target", "error", "zone", "user", "saved", "filter", "q", "sort"}
    | {
        "name",
        "title",
        "description",
        "body",
        "colour",
        "task",
        "other",
        "parent",
        "project",
        "section",
        "item",
        "user",
    }
    | {"reminder", "into", "duration", "until"}
    | {"time_zone", "order", "after", "before", "comment", "id", "command"}
)

IDS: Final = ("project", "section", "item", "comment", "reminder", "series", "into", "saved")


def _field(kind: type[Struct], field: structs.FieldInfo, hint: Any, hostile: bool) -> st.SearchStrategy[Any]:
    choices = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if kind is CreateTask and field.name == "task":
        return st.sampled_from([f"t{number}" for number in range(1, 8)])
    chosen = field.required or (field.default == "" and field.name in IDS and not hostile)
    options: list[st.SearchStrategy[Any]] = [] if chosen else [st.just(field.default)] * 2
    options += [st.none()] * (NoneType in choices and field.name != "expected_version")
    options += [st.just(UNSET)] * (UnsetType in choices)
    if kind is AssignTask and field.name in ("add", "remove"):
        options.append(NAMED["assignees"])
    elif field.name in NAMED:
        options.append(NAMED[field.name])
    else:
        (plain,) = (choice for choice in choices if choice not in (NoneType, UnsetType))
        options.append(WORDS if plain is str else of(plain))
    if hostile and field.name in STRINGS:
        options.append(HOSTILE)
    if hostile and field.name in ("add", "remove", "labels", "assignees"):
        options.append(st.lists(HOSTILE, max_size=3).map(tuple))
        options.append(st.just(tuple(f"label {index}" for index in range(101))))
    return st.one_of(options)


def _command(kind: type[Command], hostile: bool) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    if kind is Undo and not hostile:
        return st.builds(Undo, position=NAMED["position"]) | st.builds(Undo, command=NAMED["command"])
    return st.builds(kind, **{field.name: _field(kind, field, hints[field.name], hostile) for field in fields(kind)})


TEMPLATES: Final = st.builds(
    GivenTemplate,
    title=WORDS,
    labels=NAMED["labels"],
    project=st.sampled_from([None, "home", "attic"]),
    parent=st.sampled_from([None, None, "milk", "junk"]),
    checklist=st.sampled_from([(), ("One", "Two")]),
    start_before=st.sampled_from([None, "P1D", "soon"]),
    reminders=st.sampled_from([(), (OfEach(Before("PT30M")),), (OfEach(Before("P1D"), None, LEAVER),)]),
)
FIELDS: Final = st.builds(
    GivenFields,
    title=st.just(UNSET) | WORDS,
    labels=st.just(UNSET) | NAMED["labels"],
    project=st.sampled_from([UNSET, None, "home", "work", "attic"]),
    checklist=st.sampled_from([UNSET, (), ("One", "Two")]),
    reminders=st.sampled_from([UNSET, (), (OfEach(Before("PT30M")),)]),
)
VALUES: Final[dict[Any, st.SearchStrategy[Any]]] = {
    When: WHENS,
    Trigger: BEFORE | ABSOLUTE,
    Repeat: REPEATS,
    GivenTemplate: TEMPLATES,
    GivenFields: FIELDS,
}


def fields(kind: type[Struct]) -> tuple[structs.FieldInfo, ...]:
    """The fields of a struct with what is known of them."""
    return structs.fields(kind)


def of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of that type, as far as JSON can carry it."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return st.one_of([of(choice) for choice in args])
    if origin is tuple:
        return st.lists(of(args[0]), max_size=3).map(tuple)
    if kind in VALUES:
        return VALUES[kind]
    if kind is UnsetType:
        return st.just(UNSET)
    if isinstance(kind, type) and issubclass(kind, Struct):
        hints = get_type_hints(kind)
        return st.builds(kind, **{field.name: of(hints[field.name]) for field in fields(kind)})
    if kind is str:
        return st.text(max_size=20)
    if kind is int:
        return st.integers(-(2**63), 2**63)
    return st.from_type(kind)


COMMANDS: Final[dict[str, st.SearchStrategy[Command]]] = {
    name: _command(kind, hostile=False) for name, kind in codec.COMMAND_TYPES.items()
}
"""Each type of command, as a client may send it."""
WILD: Final[dict[str, st.SearchStrategy[Command]]] = {
    name: _command(kind, hostile=True) for name, kind in codec.COMMAND_TYPES.items()
}
"""Each type of command, also with what no decoder would let through."""
EVENTS: Final[dict[str, st.SearchStrategy[Event]]] = {name: of(kind) for name, kind in codec.EVENT_TYPES.items()}
"""Each type of event, with any fields."""

FREQUENT: Final = ("CreateTask", "EditTask", "MoveTask", "ReopenTask", "RestoreTask", "AddComment", "LinkTask", "Undo")
NOT_SENT: Final = {kind.__name__ for kind in (CreateWorkspace, *CLOCK_COMMANDS)}
ANY_COMMAND: Final = st.sampled_from([*sorted(set(COMMANDS) - NOT_SENT), *FREQUENT * 2]).flatmap(COMMANDS.__getitem__)
ANY_ACTOR: Final = st.sampled_from([OWNER] * 20 + [*ACTORS.values(), STRANGER])
STEP: Final = st.tuples(ANY_COMMAND, ANY_ACTOR)
STORY: Final = st.lists(STEP, max_size=30) | st.lists(STEP, min_size=15, max_size=30)
"""Commands, each with who gives it: mostly the owner."""
