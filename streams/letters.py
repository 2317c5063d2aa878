"""What an attempt of the outbox sends: a letter of the state as it is by now, or why nothing is sent any more."""

from collections.abc import Callable

from streams.agents.deliveries import Attempt
from tasksys import confirming, deliveries
from tasksys.deliveries import Letter, Result
from tasksys.rows import Channels, Firing, firing_key
from tasksys.state import State


def letter(state_of: Callable[[str], State], one: Attempt) -> Letter | Result | None:
    """What to send now; a result if that cannot be sent any more, None if nobody waits for it. Raises NotOwned."""
    state = state_of(one.workspace)
    firing = state.get(Firing, firing_key(one.reminder, one.scheduled_for))
    workspace, task = state.workspace, state.task(firing.task) if firing and firing.task else None
    if firing is None or workspace is None or (firing.task and task is None):
        return None
    if not deliveries.due(firing, one.channel, one.attempt, one.at):
        return None
    channels = state.get(Channels, firing.user)
    channel = channels.named(one.channel) if channels else None
    if state.member(firing.user) is None:
        return Result("Its user has left the workspace.", retry=False)
    if channel is None:
        return Result("The channel was removed.", retry=False)
    if channel.disabled is not None:
        return Result("The channel is disabled; enable it in the preferences.", retry=False)
    if task is None and not confirming.waits(channel, firing.user, firing):
        return Result("The address is confirmed, or another one was set.", retry=False)
    if task is not None and not channel.confirmed:
        return Result(confirming.UNCONFIRMED, retry=False)
    which = (firing.task, one.reminder, one.scheduled_for)
    title, due = ("", "") if task is None else (task.title, deliveries.for_people(task.due))
    return Letter(
        one.workspace, workspace.name, firing.user, channel, firing.task, title, due, one.reminder,
        one.scheduled_for, firing.fired_at, one.attempt, deliveries.key(one.workspace, *which), asks=task is None,
    )  # fmt: skip
