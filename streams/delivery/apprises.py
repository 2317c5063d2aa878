"""What Apprise reaches: chats, pushes to phones, short messages. It blocks, so it has threads of its own.

Most of its schemes take a host, and some a file of this machine: a user's URL would then ask whatever this server can
reach. Allowed are services at addresses of their own; the operator can allow hosts, but never files and devices.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import apprise

from tasksys.deliveries import Letter, Result
from tasksys.errors import TargetUnfit

HOSTED: Final = frozenset(
    {"brevo", "bulksms", "burstsms", "clickatell", "clicksend", "d7sms", "dingtalk", "discord", "feishu", "flock"}
    | {"gchat", "groupme", "guilded", "ifttt", "join", "lark", "line", "mailersend", "msgbird", "nexmo", "notifiarr"}
    | {"onesignal", "opsgenie", "pagerduty", "pagertree", "pbul", "plivo", "postmark", "pover", "prowl", "push"}
    | {"pushed", "pushme", "pushy", "resend", "ringc", "ryver", "schan", "sendgrid", "signl4", "simplepush", "sinch"}
    | {"slack", "spike", "squadcast", "telnyx", "tgram", "threema", "twilio", "twist", "voipms", "vonage", "webex"}
    | {"wecombot", "whatsapp", "wxteams"}
)
"""Schemes of services whose addresses are theirs, whatever the URL says."""

LOCAL: Final = frozenset(
    {"blink1", "dbus", "fcm", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "vapid", "windows"}
)
"""Schemes that reach this machine itself, or read its files: never allowed."""

THREADS: Final = 24
TIMEOUT_SECONDS: Final = 20.0
CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 10.0

GIVE: Final = "Give a URL as Apprise has it, such as tgram://token/chat or pover://user@token"

logging.getLogger("apprise").setLevel(logging.CRITICAL)
"""It writes what it sends, and where to."""


def hint(url: str, private: bool) -> str:
    """What may be shown of the URL: its scheme. Raises TargetUnfit if nothing can be sent there. Blocks."""
    scheme = url.partition("://")[0].lower()
    known = scheme in apprise.manager_plugins.NotificationManager().schemas()
    if not known or not url.isprintable():
        raise TargetUnfit(f"{GIVE}.")
    if scheme in LOCAL:
        raise TargetUnfit("This would reach the server itself, not you; give a service that you read.")
    if scheme not in HOSTED and not private:
        raise TargetUnfit(
            f"{scheme}:// leads to any host, which this server does not ask; its operator can allow that with "
            "--allow-private-webhooks. Services at an address of their own, such as tgram and pover, are allowed."
        )
    opened = _opened(url)
    if opened is not None and _reads(opened):
        raise TargetUnfit("This makes the server read a file or another address, its template; leave that out.")
    if opened is None:
        raise TargetUnfit(f"{GIVE}; this one lacks something that {scheme}:// needs.")
    return f"{scheme}://…"


def _reads(opened: Any) -> bool:
    """True for what first reads a template, from a file of this machine or any address, and would send it on."""
    return any(isinstance(one, apprise.AppriseAttachment) and one for one in vars(opened).values())


def _opened(url: str) -> Any:
    asset = apprise.AppriseAsset(async_mode=False, secure_logging=True)
    found = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if found is not None:
        found.socket_connect_timeout = CONNECT_SECONDS
        found.socket_read_timeout = READ_SECONDS
    return found


def _notify(url: str, title: str, body: str) -> bool:
    opened = _opened(url)
    return opened is not None and not _reads(opened) and bool(opened.notify(body=body, title=title, body_format="text"))


class Apprises:
    """Sends through Apprise. A thread that hangs is lost until it ends by itself; others go on meanwhile."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="apprise")

    async def close(self) -> None:
        """Waits for nothing that hangs."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def send(self, url: str, letter: Letter) -> Result:
        """One attempt. Apprise does not tell why something failed."""
        due = f"Due: {letter.due}\n" if letter.due else ""
        body, title = f"{due}Workspace: {letter.workspace_name}", f"Reminder: {letter.title}"
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                sent = await loop.run_in_executor(self._threads, _notify, url, title, body)
        except TimeoutError:
            return Result(f"It did not answer within {TIMEOUT_SECONDS:.0f} s.")
        except Exception as error:
            return Result(f"The request failed ({type(error).__name__}).")
        return Result() if sent else Result("The service did not take it; check that the URL is still right.")
