"""What a file comes to: where its tasks stand, what belongs to them, and what of it cannot be taken."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET, structs

from tasksys import limits
from tasksys.commands import (
    AddReminder,
    CreateTask,
    EditTask,
    LinkTask,
    SetChannel,
    SetPreferences,
    TrashProject,
)
from tasksys.ical import uids
from tasksys.ical.step import Step
from tasksys.rows import Link
from tasksys.values import ChannelKind, LinkType, Of, Repeat, Status, Trigger, When
from tests.support.domain import EDITOR, OWNER, WORKSPACE, World, founded, furnished
from tests.tasksys.ical.made import calendar, file, imported, one, steps, vtodo


def task(uid: str) -> str:
    """The id of the task of a UID."""
    return uids.identifier(WORKSPACE, uid)


def only(*lines: str, world: World | None = None) -> Step:
    """The step for the to-do of those lines."""
    (step,) = steps(file(vtodo(*lines)), world or founded())
    return step


def test_parents_come_first() -> None:
    """Whether the child or the parent says so, in whatever order they stand."""
    text = file(
        vtodo("SUMMARY:C", "RELATED-TO:b", uid="c"),
        vtodo("SUMMARY:B", uid="b"),
        vtodo("SUMMARY:A", "RELATED-TO;RELTYPE=CHILD:b", "RELATED-TO;RELTYPE=CHILD:none", uid="a"),
    )
    world = founded()
    assert [step.title for step in steps(text, world)] == ["A", "B", "C"]
    assert imported(text, world) == []
    assert [world.task(task(name)).parent for name in "abc"] == [None, task("a"), task("b")]


@pytest.mark.parametrize("circle", ["a", "ab", "abcd"])
def test_a_circle_of_parents_is_opened(circle: str) -> None:
    """At one place; what hangs on it stays there."""
    text = file(
        *(vtodo(f"RELATED-TO:{circle[number - 1]}", uid=name) for number, name in enumerate(circle)),
        vtodo("RELATED-TO:a", uid="x"),
    )
    world = founded()
    assert imported(text, world) == []
    parents = [world.task(task(name)).parent for name in circle]
    assert parents.count(None) == 1
    assert world.task(task("x")).parent == task("a")


def test_a_parent_that_is_here_already() -> None:
    """By the UID that it has here, or that it was imported with; one that nobody knows is told."""
    world = furnished()
    assert only("RELATED-TO:milk@acme.tasksys", world=world).commands[0].parent == "milk"
    unknown = only("RELATED-TO:nobody", world=world)
    assert (unknown.commands[0].parent, unknown.notes) == (
        None,
        ("its parent 'nobody' is neither in the file nor here",),
    )


def test_a_parent_that_comes_again() -> None:
    """It is no task, in the file or here, and the note says so; the same of a link's other end."""
    rule = ("DUE;VALUE=DATE:21260401", "DTSTART;VALUE=DATE:21260401", "RRULE:FREQ=DAILY")
    below = vtodo("RELATED-TO:again", "RELATED-TO;RELTYPE=DEPENDS-ON:again", uid="below")
    world = furnished()
    for text in (file(vtodo(*rule, uid="again"), below), file(below)):
        (step,) = (one for one in steps(text, world) if one.uid == "below")
        assert len([note for note in step.notes if "'again'" in note and "comes again and again" in note]) == 2
        imported(file(vtodo(*rule, uid="again")), world)


def test_projects_by_id_then_by_name_then_made() -> None:
    """One in the trash is not used; a section belongs to its project; what is missing is made once."""
    world = furnished()
    named = "X-TASKSYS-PROJECT;X-TASKSYS-ID={}:{}"
    assert only(named.format("home", "Home"), world=world).commands[0].project == "home"
    assert only(named.format("other", "Work"), world=world).commands[0].project == "work"
    section = "X-TASKSYS-SECTION;X-TASKSYS-ID=x:{}"
    assert only(named.format("?", "Home"), section.format("Doing"), world=world).commands[0].section == "doing"
    world.given(TrashProject(project="work"))
    lines = (named.format("work", "Work"), section.format("Later"))
    text = file(vtodo(*lines, uid="a"), vtodo(*lines, uid="b"))
    kinds = [[type(command).__name__ for command in step.commands] for step in steps(text, world)]
    assert kinds == [["CreateProject", "AddSection", "CreateTask"], ["CreateTask"]]
    assert imported(text, world) == []
    again = file(vtodo(named.format("work", "Work"), section.format("Never"), uid="c"))
    assert [type(command).__name__ for command in steps(again, world)[0].commands] == ["AddSection", "CreateTask"]


def test_links_once_both_tasks_are_there() -> None:
    """From one end only, in either order; to itself or to nobody there is none."""
    text = file(
        vtodo("RELATED-TO;RELTYPE=DEPENDS-ON:b", "RELATED-TO;RELTYPE=SIBLING:a", uid="a"),
        vtodo("X-TASKSYS-LINK;X-TASKSYS-TYPE=blocks:a", "RELATED-TO;RELTYPE=DEPENDS-ON:nobody", uid="b"),
    )
    world = founded()
    first, second = steps(text, world)
    assert not [command for command in first.commands if isinstance(command, LinkTask)]
    assert [command for command in second.commands if isinstance(command, LinkTask)] == [
        structs.replace(second.commands[-1], task=task("a"), link=LinkType.BLOCKED_BY, other=task("b"))
    ]
    assert second.notes == ("the other end of its link (blocked-by), 'nobody', is neither in the file nor here",)
    assert imported(text, world) == []
    assert world.task(task("b")).links == (Link(LinkType.BLOCKS, task("a")),)
    known = only("RELATED-TO;RELTYPE=DEPENDS-ON:milk@acme.tasksys", world=furnished())
    assert [command.other for command in known.commands if isinstance(command, LinkTask)] == ["milk"]


def test_reminders() -> None:
    """Of whoever imports, or of another member; none of a stranger, of a closed task, or that is over."""
    kept = '{"id": "r"\\, "user": "%s"\\, "trigger": {"before": "P1D"}}'
    step = only(
        "DUE:21260308T090000Z",
        *(f"X-TASKSYS-REMINDER:{kept % user}" for user in (EDITOR, "nobody")),
        "BEGIN:VALARM", "TRIGGER;RELATED=END:-PT5M", "REPEAT:3", "DURATION:PT10M", "END:VALARM",
        "BEGIN:VALARM", "TRIGGER;VALUE=DATE-TIME:21260308T080000Z", "ACKNOWLEDGED:21260308T080000Z", "END:VALARM",
    )  # fmt: skip
    made = [command for command in step.commands if isinstance(command, AddReminder)]
    assert [(one.user, one.trigger, one.repeat) for one in made] == [
        (EDITOR, Trigger(before="P1D"), None),
        (UNSET, Trigger(before="PT5M"), Repeat("PT10M", 3)),
    ]
    assert step.notes == ("line 9: 'nobody' is no member here, and is not reminded",)
    done = only("STATUS:COMPLETED", "DUE:21260308T090000Z", "BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM")
    assert [type(command) for command in done.commands] == [CreateTask]
    assert done.notes == ("it is closed, and its 1 alarms were left out",)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((), "it has no TRIGGER"),
        (("TRIGGER:soonP",), "give an ISO 8601 duration"),
        (("TRIGGER:20260308T090000",), "is no instant in UTC"),
        (("TRIGGER:-PT5M", "REPEAT:2", "DURATION:often"), "give an ISO 8601 duration"),
    ],
)
def test_alarms_that_are_none(lines: tuple[str, ...], says: str) -> None:
    """They are told of, and the rest is read."""
    found = one("SUMMARY:Milk", "BEGIN:VALARM", *lines, "END:VALARM")
    assert found.alarms == ()
    assert found.notes[0].startswith("line 8: the alarm was left out")
    assert says in found.notes[0]


def test_alarms_in_other_ways() -> None:
    """After, in capitals or not, repeated no times, acknowledged too early or badly, exact to the millisecond."""
    exactly = 'TRIGGER;VALUE=DATE-TIME;X-TASKSYS-AT="{}":21260308T080000Z'
    each = (
        ("TRIGGER;related=end:pt5m",),
        ("TRIGGER:PT0S", "REPEAT:0", "DURATION:PT1M"),
        ("TRIGGER;VALUE=DATE-TIME:21260308T080000Z", "ACKNOWLEDGED:21260308T075959Z", "REPEAT:x", "DURATION:PT1M"),
        ("TRIGGER:-PT1M", "ACKNOWLEDGED:then"),
        (exactly.format("2126-03-08T08:00:00.250Z"),),
        (exactly.format("2126-03-08T09:00:00.250Z"),),
    )
    found = one(*(line for lines in each for line in ("BEGIN:VALARM", *lines, "END:VALARM")))
    assert [(alarm.trigger, alarm.repeat, alarm.over) for alarm in found.alarms] == [
        (Trigger(before="-PT5M"), None, False),
        (Trigger(before="PT0S", of=Of.START), None, False),
        (Trigger(at="2126-03-08T08:00:00.000Z"), None, False),
        (Trigger(before="PT1M", of=Of.START), None, False),
        (Trigger(at="2126-03-08T08:00:00.250Z"), None, False),
        (Trigger(at="2126-03-08T08:00:00.000Z"), None, False),
    ]


FIELDS: list[tuple[str, str, Any]] = [
    ("PERCENT-COMPLETE:100", "status", Status.DONE),
    ("PERCENT-COMPLETE:0", "status", UNSET),
    ("PERCENT-COMPLETE:many", "status", UNSET),
    ("COMPLETED:20260308T090000Z", "status", Status.DONE),
    ("ESTIMATED-DURATION:P1DT2H", "estimate_minutes", 26 * 60),
    ("X-TASKSYS-ORDER:aV", "order", "aV"),
    ("SUMMARY:  \\n ", "title", UNSET),
    ("SUMMARY:Two\\nlines", "title", "Two lines"),
    ("DESCRIPTION:a\x00b", "description", "ab"),
    ("X-TASKSYS-ASSIGNEE:olga", "assignees", ("olga",)),
    ("PRIORITY:9999", "priority", "low"),
]


@pytest.mark.parametrize(("line", "field", "value"), FIELDS)
def test_fields(line: str, field: str, value: Any) -> None:
    """Each as files have it."""
    assert getattr(one(line), field) == value


@pytest.mark.parametrize(
    "line",
    [
        "STATUS:WAITING",
        "PRIORITY:high",
        "PRIORITY:-1",
        "ESTIMATED-DURATION:-PT1H",
        "ESTIMATED-DURATION:soon",
        "ATTENDEE:urn:uuid:1",
        "ATTENDEE:mailto:no address",
        "RELATED-TO;RELTYPE=FINISHTOSTART:a",
        "X-TASKSYS-LINK;X-TASKSYS-TYPE=hates:a",
        "X-TASKSYS-ORDER:0",
        "X-TASKSYS-ASSIGNEE:no user",
        "X-TASKSYS-REMINDER:{",
        "X-TASKSYS-STATUS:gone",
        "CATEGORIES:" + "x" * 101,
        "LAST-MODIFIED:yesterday",
        "LAST-MODIFIED;TZID=Europe/Berlin:20260308T090000",
        "RESOURCES:projector",
    ],
)
def test_what_a_line_cannot_say(line: str) -> None:
    """It is left out, which is told with its line; the rest is read."""
    found = one("SUMMARY:Milk", line)
    assert found.title == "Milk"
    assert [note.partition(":")[0] for note in found.notes] == ["line 8"]


def test_more_of_one_kind_than_there_may_be() -> None:
    """What is too much is left out; the notes are bounded too."""
    found = one(*(f"X-TASKSYS-CHECKLIST:{n}" for n in range(limits.CHECKLIST_ITEMS + 30)))
    assert len(found.checklist) == limits.CHECKLIST_ITEMS
    assert (len(found.notes), found.notes[-1]) == (21, "and 10 more like these")
    assert len(one(*(f"COMMENT:{n}" for n in range(600))).remarks) == 500


def test_too_long_a_uid() -> None:
    """There is no to-do without a UID, nor with one that is as long as a text."""
    with pytest.raises(ValueError, match="its UID has more than"):
        steps(file(vtodo(uid="x" * 5_000)), founded())


def test_a_description_that_was_changed_elsewhere_wins() -> None:
    """Over the one that we wrote beside it, exactly, for its line ends."""
    world = furnished().given(EditTask(task="milk", description="a\r\nb"))
    text = calendar(world)
    later = text.replace("DESCRIPTION:a\\nb", "DESCRIPTION:c", 1).replace("LAST-MODIFIED:2026", "LAST-MODIFIED:2126")
    changed = [command for step in steps(later, world) for command in step.commands if isinstance(command, EditTask)]
    assert [command.description for command in changed if command.task == "milk"] == ["c"]
    broken = text.replace('X-TASKSYS-DESCRIPTION:"a', "X-TASKSYS-DESCRIPTION:a", 1)
    assert imported(broken, founded()) == []


def test_a_newer_file_of_ours_changes_parts_too() -> None:
    """An item that was ticked is, one that is new is added; what it does not have stays. Nobody is made a stranger."""
    world = furnished()
    text = calendar(world).replace("\r\n ", "")
    ticked = text.replace("X-TASKSYS-ID=item;X-TASKSYS-DONE=FALSE", "X-TASKSYS-ID=item;X-TASKSYS-DONE=TRUE")
    more = ticked.replace("X-TASKSYS-CHECKLIST;", "X-TASKSYS-CHECKLIST:Oat\r\nX-TASKSYS-CHECKLIST;", 1)
    newer = more.replace("LAST-MODIFIED:2026", "LAST-MODIFIED:2126").replace("X-TASKSYS-ASSIGNEE:edda", "X-A:b")
    (step,) = [step for step in steps(newer, world) if step.action == "update"]
    assert step.task == "milk"
    assert {type(command).__name__ for command in step.commands} == {"AddChecklistItem", "EditChecklistItem"}
    assert imported(newer, world) == []
    assert [(item.title, item.done) for item in world.task("milk").checklist] == [("Full fat", True), ("Oat", False)]
    assert world.task("milk").assignees == (EDITOR,)
    reassigned = newer.replace("X-A:b", "X-TASKSYS-ASSIGNEE:olga").replace("MODIFIED:2126", "MODIFIED:2127")
    assert imported(reassigned, world) == []
    assert world.task("milk").assignees == (OWNER,)


def test_what_was_skipped_elsewhere() -> None:
    """Is cancelled here, where it is no occurrence; a program that has set something else since is heard."""
    assert only("X-TASKSYS-STATUS:missed", "STATUS:CANCELLED").commands[0].status is Status.CANCELLED
    assert one("X-TASKSYS-STATUS:missed", "STATUS:CANCELLED").status is Status.MISSED
    assert one("X-TASKSYS-STATUS:missed", "STATUS:COMPLETED").status is Status.DONE


def test_comments_become_their_importer_s() -> None:
    """Which is told; the same ones are not added again."""
    world = furnished()
    text = calendar(world).replace("X-TASKSYS-AUTHOR=olga", "X-TASKSYS-AUTHOR=carl")
    after = founded()
    (noted,) = [step.notes for step in steps(text, after) if step.notes]
    assert noted == ("comments of carl are now by olga",)
    assert imported(text, after) == []
    assert after.comment("milk", "remark").author == OWNER


def test_channels_of_a_reminder() -> None:
    """Its own go along where its user has them, and are left out where not, which is told."""
    desk = SetChannel(channel="desk", kind=ChannelKind.WEBHOOK, target="", sealed=("v1.AbC", "https://desk.example/…"))
    before = founded().given(desk, CreateTask(task="milk", title="Milk", due=When(date="2126-03-08")))
    of_edda = AddReminder(task="milk", reminder="b", trigger=Trigger(before="P2D"), user=EDITOR, channels=("feed",))
    before.given(
        AddReminder(task="milk", reminder="a", trigger=Trigger(before="P1D"), channels=("desk", "feed")), of_edda
    )
    after = founded().given(desk)
    assert imported(calendar(before), after) == []
    assert {one.id: one.channels for one in after.state.reminders("milk")} == {"a": ("desk", "feed"), "b": ("feed",)}
    without = founded()
    (step,) = steps(calendar(before), without)
    assert len(step.notes) == 1
    assert "its channels are none of olga's here" in step.notes[0]
    assert imported(calendar(before), without) == []
    assert {one.id: one.channels for one in without.state.reminders("milk")} == {"a": (), "b": ("feed",)}


def test_reminders_that_a_task_gets_by_itself() -> None:
    """They are not there twice."""
    wanted = SetPreferences(default_reminders=(Trigger(before="P1D"),))
    before = founded().given(wanted, CreateTask(task="milk", title="Milk", due=When(date="2126-03-08")))
    before.given(AddReminder(task="milk", reminder="own", trigger=Trigger(before="P2D")))
    after = founded().given(wanted)
    assert imported(calendar(before), after) == []
    assert [one.trigger.before for one in after.state.reminders("milk")] == ["P1D", "P2D"]
    without = founded()
    assert imported(calendar(before), without) == []
    assert len(without.state.reminders("milk")) == 2
