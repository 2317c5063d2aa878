"""`tasksys channel`, `preferences` and `deliveries`."""

from __future__ import annotations

from tests.tasksys.cli.conftest import Run, answer, errors

HOOK = "https://hooks.example.org/secret-part"


def test_a_channel_from_its_beginning_to_its_end(run: Run) -> None:
    """Where it leads is shown in short, its secret once it is set, and when it is asked for."""
    run("add", "Milk")
    said = run("channel", "set", "webhook", HOOK).stdout
    assert "webhook leads to https://hooks.example.org/…" in said
    assert "whsec_" in said
    assert "tasksys preferences --channels feed,webhook" in said
    assert run("channel", "secret", "webhook").stdout.strip() in said
    assert "secret-part" not in run("channel", "list", "--json").stdout
    assert "works" in run("channel", "list").stdout
    run("channel", "disable", "webhook")
    assert "disabled: Its user has switched it off." in run("channel", "list").stdout
    assert run("channel", "enable", "webhook").stdout == "webhook is used again.\n"
    task = answer(run("add", "Tea", "--json"))["id"]
    made = answer(run("reminder", "add", task, "2126-03-08T09:00Z", "--on", "webhook", "--json"))
    assert made["channels"] == ["webhook"]
    run("channel", "remove", "webhook")
    assert "no channels" in run("channel", "list").stdout
    assert "private address" in errors(run("channel", "set", "webhook", "http://127.0.0.1/", code=1))


def test_preferences_in_short_words(run: Run) -> None:
    """Each option changes one; `none` gives it back."""
    run("add", "Milk")
    said = run(
        "preferences", "--zone", "Europe/Berlin", "--hour", "8", "--quiet", "22:00-7:00", "--remind", "1d, 30m"
    ).stdout
    for shown in ("Europe/Berlin", "8:00", "22:00-07:00", "feed", "1d before due, 30m before due"):
        assert shown in said
    run("preferences", "--zone", "none", "--hour", "none", "--quiet", "none", "--remind", "none", "--channels", "none")
    found = answer(run("preferences", "--json"))
    assert (found["zone"], found["reminder_hour"], found["quiet_hours"]) == (None, None, None)
    assert (found["default_reminders"], found["channels"]) == ([], [])
    run("preferences", "--channels", "feed")
    assert "--quiet" in errors(run("preferences", "--quiet", "night", code=2))
    assert "--hour" in errors(run("preferences", "--hour", "noon", code=2))
    assert "--hour" in errors(run("preferences", "--hour", "24", code=2))
    assert "no channel" in errors(run("preferences", "--channels", "pigeon", code=1))


def test_the_hour_of_a_workspace(run: Run) -> None:
    """A new one has none, which is midnight; it is set, and taken away."""
    run("add", "Milk")
    assert answer(run("workspace", "show", "--json"))["reminder_hour"] is None
    assert answer(run("workspace", "edit", "--reminder-hour", "7", "--json"))["reminder_hour"] == 7
    assert answer(run("workspace", "edit", "--reminder-hour", "none", "--json"))["reminder_hour"] is None
    assert "--reminder-hour" in errors(run("workspace", "edit", "--reminder-hour", "dawn", code=2))


def test_how_late_reminders_fire(run: Run) -> None:
    """A setting of the workspace, in short words."""
    run("add", "Milk")
    assert answer(run("workspace", "show", "--json"))["catch_up"] == "P7D"
    assert answer(run("workspace", "edit", "--catch-up", "12h", "--json"))["catch_up"] == "PT12H"
    assert "--catch-up" in errors(run("workspace", "edit", "--catch-up", "soon", code=2))
    assert "PT1M" in errors(run("workspace", "edit", "--catch-up", "PT1S", code=1))


def test_the_ledger_when_nothing_fired(run: Run) -> None:
    """It says so."""
    run("add", "Milk")
    assert run("deliveries", "--state", "failed", "--channel", "nothing").stdout == "No such deliveries.\n"
    assert run("deliveries").stdout == "Nothing has fired.\n"
