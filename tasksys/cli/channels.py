"""`tasksys channel`, `preferences` and `deliveries`: how reminders reach you, and what became of those that fired."""

import re
from typing import Any, Final

import click

from tasksys.cli import moments, names, options, output
from tasksys.cli.client import Json
from tasksys.cli.options import NONE, in_workspace, option, parts
from tasksys.cli.reminders import iso
from tasksys.cli.session import Session
from tasksys.values import ChannelKind, DeliveryState

QUIET: Final = re.compile(r"(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})", re.ASCII)


@click.group()
def channel() -> None:
    """How reminders reach you besides the feed: webhooks, mail, and what Apprise knows."""


@channel.command("list")
@in_workspace
def list_channels(session: Session) -> None:
    """List your channels."""
    found = session.client.get(session.path("preferences"))
    rows = [
        (
            one["channel"],
            one["kind"],
            one["leads_to"],
            _state(one),
            "yes" if one["channel"] in found["channels"] else "",
        )
        for one in found["own_channels"]
    ]
    columns = ("name", "kind", "leads to", "state", "used by default")
    session.show(found, output.table(columns, rows) if rows else "You have no channels; reminders are in the feed.")


def _state(one: Json) -> str:
    if one["disabled"]:
        return f"disabled: {one['disabled']}"
    if not one["confirmed"]:
        return "not confirmed: open the link in the mail"
    return f"failing since {moments.clock(one['failing_since'])}" if one["failing_since"] else "works"


@channel.command("set", short_help="Add a channel, or change where it leads.")
@click.argument("kind", type=click.Choice([kind.value for kind in ChannelKind]))
@click.argument("target", required=False)
@option("--name", metavar="NAME", help="What to call it, if not by its kind.")
@in_workspace
def set_channel(session: Session, kind: str, target: str | None, name: str | None) -> None:
    """Add a channel, or change where it leads: `tasksys channel set webhook https://…`.

    TARGET is a web address, an e-mail address, or a URL of Apprise's. If it is left out it is asked for, so that nobody
    else sees it on this machine.
    """
    led = target or click.prompt("Where it leads", hide_input=True, err=True)
    called = name or kind
    where = session.path("preferences", "channels", called)
    made = session.settled(session.client.send("PUT", where, {"kind": kind, "target": led}), where)
    shown = session.client.get(where)
    secret = [f"Its receiver checks signatures with {shown['secret']}."] if shown["secret"] else []
    secret += [] if shown["confirmed"] else ["A mail goes there: open its link. Nothing else comes until then."]
    use = f"Use it for all reminders: tasksys preferences --channels feed,{called}"
    session.show(made, f"{called} leads to {made['leads_to']}.", *secret, use)


@channel.command("secret")
@click.argument("name")
@in_workspace
def secret(session: Session, name: str) -> None:
    """Show what the receiver of a webhook checks signatures with."""
    found = session.client.get(session.path("preferences", "channels", name))
    session.show(found, found["secret"] or f"{name} is no webhook: it has none.")


def _done(session: Session, name: str, method: str, said: str, *action: str) -> None:
    where = session.path("preferences", "channels", name, *action)
    session.show(session.client.send(method, where), f"{name} {said}.")


@channel.command("remove")
@click.argument("name")
@in_workspace
def remove_channel(session: Session, name: str) -> None:
    """Remove a channel."""
    _done(session, name, "DELETE", "is removed")


@channel.command("enable")
@click.argument("name")
@in_workspace
def enable_channel(session: Session, name: str) -> None:
    """Use a channel again that was disabled."""
    _done(session, name, "POST", "is used again", "enable")


@channel.command("disable")
@click.argument("name")
@in_workspace
def disable_channel(session: Session, name: str) -> None:
    """Do not use a channel for now."""
    _done(session, name, "POST", "is not used until you enable it", "disable")


@click.command()
@option("--zone", metavar="ZONE", help="Your time zone, such as Europe/Berlin; `none` is the workspace's.")
@option(
    "--hour", metavar="HOUR", help="From which hour on a date counts, for its reminders; `none` is the workspace's."
)
@option("--quiet", metavar="FROM-TO", help="When only the feed is used, such as 22:00-07:00; or `none`.")
@option("--channels", metavar="NAME,…", help="The channels of reminders that name none, such as feed,webhook.")
@option("--remind", metavar="DURATION,…", help="Reminders of your new tasks with a date, such as 1d,30m; or `none`.")
@in_workspace
def preferences(session: Session, **given: str | None) -> None:
    """Show what you want of reminders, or change it."""
    changes = _changes({name: value for name, value in given.items() if value is not None})
    where = session.path("preferences")
    if changes:
        session.settled(session.client.send("PATCH", where, changes), where)
    found = session.client.get(where)
    quiet = found["quiet_hours"]
    rows = [
        ("zone", found["zone"] or "the workspace's"),
        ("hour of dates", "the workspace's" if found["reminder_hour"] is None else f"{found['reminder_hour']}:00"),
        ("quiet hours", f"{quiet['from']}-{quiet['to']}" if quiet else NONE),
        ("channels", ", ".join(found["channels"]) or NONE),
        ("on new tasks", ", ".join(output.trigger({"trigger": one}) for one in found["default_reminders"]) or NONE),
    ]
    session.show(found, output.table(("preference", "value"), rows))


def _changes(given: dict[str, str]) -> Json:
    """The body of the change. Raises click.BadParameter."""
    body: Json = {}
    if (zone := given.get("zone")) is not None:
        body["zone"] = None if zone == NONE else zone
    if (hour := given.get("hour")) is not None:
        body["reminder_hour"] = options.hour(hour, "--hour")
    if (quiet := given.get("quiet")) is not None:
        spelled = QUIET.fullmatch(quiet.strip())
        if spelled is None and quiet != NONE:
            raise click.BadParameter(f"{quiet!r} is no time of day; give 22:00-07:00, or none.", param_hint="--quiet")
        body["quiet_hours"] = {"from": spelled[1].zfill(5), "to": spelled[2].zfill(5)} if spelled else None
    if (channels := given.get("channels")) is not None:
        body["channels"] = [] if channels == NONE else parts(channels)
    if (remind := given.get("remind")) is not None:
        times = [] if remind == NONE else parts(remind)
        body["default_reminders"] = [{"before": iso(one, "--remind")} for one in times]
    return body


@click.command()
@option(
    "--state", type=click.Choice([state.value for state in DeliveryState]), help="Only firings with one in this state."
)
@option("--channel", metavar="NAME", help="Only those that went to this channel.")
@in_workspace
def deliveries(session: Session, state: str | None, channel: str | None) -> None:
    """Show what became of reminders that fired, on each channel."""
    wanted: dict[str, Any] = {"delivery": state, "channel": channel}
    answer = session.client.whole(session.path("deliveries"), {name: one for name, one in wanted.items() if one})
    short = names.short({one["reminder"] for one in answer["items"]})
    rows = [
        (short[one["reminder"]], moments.clock(one["scheduled_for"]), one["user"], each["channel"], each["state"],
         str(each["attempts"]), each["error"] or "")
        for one in answer["items"]
        for each in one["deliveries"]
        if channel in (None, each["channel"]) and state in (None, each["state"])
    ]  # fmt: skip
    columns = ("reminder", "time", "who", "channel", "state", "attempts", "error")
    none = "No such deliveries." if wanted["delivery"] or channel else "Nothing has fired."
    session.show(answer, output.table(columns, rows, least={"error": 16}) if rows else none)


COMMANDS = (channel, preferences, deliveries)
