"""Where a channel leads is sealed before its command is appended: it stands in no log, and nobody else reads it."""

from http import HTTPStatus
from typing import Final

from aiohttp import web
from msgspec import structs

from tasksys.commands import SetChannel
from tasksys.errors import ChannelUnavailable, TargetUnfit
from tasksys.limits import TARGET_CHARACTERS
from views.context import CHANNELS, identity
from views.problems import Problem, invalid

NONE_HERE: Final = "This process sends nothing; ask one that runs the agent `deliveries`."


async def sealed(request: web.Request, workspace: str, command: SetChannel) -> tuple[SetChannel, SetChannel]:
    """The command with its target blinded, which tells payloads apart, and as it is appended, with the target sealed.

    Raises Problem.
    """
    channels, user = request.app[CHANNELS], identity(request).user
    try:
        if channels is None:
            raise ChannelUnavailable(NONE_HERE)
        if len(command.target) > TARGET_CHARACTERS:
            raise TargetUnfit(f"At most {TARGET_CHARACTERS:,} characters are allowed; shorten it.")
        found = await channels.seal(workspace, user, command.channel, command.kind, command.target)
        blinded = channels.blinded(command.target)
        marks = channels.marks(workspace, user, command.kind, command.target)
    except TargetUnfit as error:
        raise invalid("/target", str(error)) from error
    except ChannelUnavailable as error:
        raise Problem(HTTPStatus.CONFLICT, "channel-unavailable", str(error)) from error
    return structs.replace(command, target=blinded), structs.replace(command, target="", sealed=found, marks=marks)
