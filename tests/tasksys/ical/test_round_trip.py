"""Whatever we model is the same after it went through a calendar: written, read, planned and decided."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tasksys import durations
from tasksys.commands import (
    AddChecklistItem,
    AddComment,
    AddReminder,
    AddSection,
    CreateProject,
    CreateTask,
    LinkTask,
)
from tasksys.ical.calendar import View
from tasksys.ical.plan import same, spelled
from tasksys.rows import Project, Reminder, Task
from tasksys.values import LinkType, Of, Priority, Repeat, Status, Trigger, When
from tests.support.domain import EDITOR, OWNER, World, founded, furnished
from tests.tasksys.ical.made import calendar, imported, steps
from tests.tasksys.strategies import WHENS

LINE: Final = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]) | st.sampled_from(",;:\\\"nN^'= "),
    min_size=1,
    max_size=80,
).filter(lambda text: bool(text.strip()))
TEXT: Final = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from('\n\r\t,;:\\"nN'), max_size=200
)
FUTURE: Final = st.integers(2030, 2100).map(lambda year: When(local=f"{year}-05-01T09:30", zone="America/New_York"))
DURATIONS: Final = st.sampled_from(["PT30M", "P1D", "P2W", "P1DT2H", "PT90S", "-PT10M", "PT0S", "+PT1H", "PT2H5S"])
TRIGGERS: Final = st.builds(Trigger, before=DURATIONS, of=st.sampled_from(Of)) | st.sampled_from(
    [Trigger(at="2126-03-08T09:00:00.000Z"), Trigger(at="2126-03-08T09:00:00.125Z")]
)
REPEATS: Final = st.none() | st.builds(
    Repeat, every=st.sampled_from(["PT1M", "P1D", "PT1H30M"]), times=st.integers(1, 100)
)

TASKS: Final = st.builds(
    CreateTask,
    title=LINE,
    description=TEXT,
    status=st.sampled_from([Status.OPEN, Status.IN_PROGRESS, Status.DONE, Status.CANCELLED]),
    priority=st.sampled_from(Priority),
    labels=st.lists(LINE, max_size=4, unique=True).map(tuple),
    assignees=st.lists(st.sampled_from([OWNER, EDITOR]), unique=True).map(tuple),
    start=st.none() | WHENS,
    due=st.none() | WHENS | FUTURE,
    estimate_minutes=st.none() | st.integers(0, 5_256_000),
)
DETAILS: Final = st.builds(
    lambda reminders, items, bodies: (reminders, items, bodies),
    st.lists(st.tuples(TRIGGERS, REPEATS, st.sampled_from([OWNER, EDITOR])), max_size=3),
    st.lists(st.tuples(LINE, st.booleans()), max_size=3),
    st.lists(LINE, max_size=2),
)


@given(st.lists(st.tuples(TASKS, DETAILS), min_size=1, max_size=4), st.data())
@settings(max_examples=300, deadline=None)
def test_nothing_is_lost(made: list[tuple[CreateTask, Any]], data: st.DataObject) -> None:
    """Tasks with all their fields, parents, links, checklists, comments and anybody's reminders, under the same ids."""
    before = founded().given(CreateProject(project="home", name="Home; sweet, home"))
    before.given(AddSection(project="home", section="todo", name="To do"))
    for number, (task, (reminders, items, bodies)) in enumerate(made):
        above = data.draw(st.sampled_from([None, *range(number)]))
        inside: dict[str, Any] = {"project": "home", "section": "todo"} if data.draw(st.booleans()) else {}
        inside = {"parent": f"t{above}"} if above is not None else inside
        before.given(structs.replace(task, task=f"t{number}", **inside))
        for index, (trigger, repeat, user) in enumerate(reminders):
            name, channels = f"r{number}-{index}", ("feed",) * (index % 2)
            before.when(AddReminder(
                task=f"t{number}", reminder=name, trigger=trigger, repeat=repeat, user=user, channels=channels,
            ))  # fmt: skip
        for index, (title, done) in enumerate(items):
            before.given(AddChecklistItem(task=f"t{number}", item=f"i{index}", title=title, done=done))
        for index, body in enumerate(bodies):
            before.given(AddComment(task=f"t{number}", comment=f"c{index}", body=body))
        if number:
            link = data.draw(st.sampled_from(LinkType))
            before.given(LinkTask(task=f"t{number}", link=link, other=f"t{number - 1}"))
    assert calendar(before, View.EVENTS).count("BEGIN:VEVENT") == sum(task.due is not None for task, _ in made)
    after = founded()
    assert imported(calendar(before), after) == []
    for number in range(len(made)):
        assert model(after, after.task(f"t{number}")) == model(before, before.task(f"t{number}"))
    assert [step.action for step in steps(calendar(before), after)] == ["skip"] * len(made)
    assert [step.action for step in steps(calendar(before), before)] == ["skip"] * len(made)


def model(world: World, task: Task) -> dict[str, Any]:
    """What we model of a task: all but when, by whom and how often it was written."""
    row = structs.asdict(task)
    for name in ("created_at", "created_by", "updated_at", "completed_at", "version", "position"):
        row.pop(name)
    project = world.state.project(row["project"]) if row["project"] else None
    row["project"] = project and project.name
    row["section"] = section_name(project, row["section"])
    row["links"] = set(row["links"])
    for name in ("start", "due"):
        row[name] = row[name] and spelled(row[name])
    row["reminders"] = sorted(reminder(one) for one in world.state.reminders(task.id))
    rows = (one for key, one in world.rows().items() if key[0] == "c")
    row["comments"] = sorted((one.id, one.body) for one in rows if getattr(one, "task", "") == task.id)  # type: ignore[attr-defined]
    return row


def section_name(project: Project | None, section: str | None) -> str | None:
    """What a section is called."""
    found = project.section(section) if project and section else None
    return found.name if found else None


def reminder(row: Reminder) -> tuple[str, ...]:
    """What we model of a reminder; a duration as what it comes to."""
    trigger, repeat = row.trigger, row.repeat
    before = str(durations.parse(trigger.before)) if trigger.before else ""
    again = f"{durations.parse(repeat.every)} {repeat.times}" if repeat else ""
    return (
        row.id,
        row.user,
        trigger.at or "",
        before,
        trigger.of.value if before else "",
        again,
        row.scheduled_for or "",
        *row.channels,
    )


def test_a_furnished_world() -> None:
    """The world that other tests use, in the same way."""
    before, after = furnished(), founded()
    assert imported(calendar(before), after) == []
    for name in ("milk", "bread", "jam", "tax", "rent"):
        assert model(after, after.task(name)) == model(before, before.task(name))
    assert after.state.task("junk") is None


def test_the_seconds_of_a_local_time_may_be_left_out() -> None:
    """Both spellings are the same time."""
    assert same(When(local="2026-03-08T09:00:00"), When(local="2026-03-08T09:00"))
    assert not same(When(local="2026-03-08T09:00:01"), When(local="2026-03-08T09:00"))
