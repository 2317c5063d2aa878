"""Mail: text and HTML, through the operator's relay, with a link that leads to a page that acknowledges."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Final, Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from tasksys.deliveries import Letter, Result
from tasksys.errors import TargetUnfit

ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", re.ASCII
)
ADDRESS_CHARACTERS: Final = 254
TIMEOUT_SECONDS: Final = 20.0
PERMANENT: Final = range(500, 600)


def hint(address: str) -> str:
    """What may be shown of the address. Raises TargetUnfit if it is none."""
    if not ADDRESS.fullmatch(address) or len(address) > ADDRESS_CHARACTERS:
        raise TargetUnfit("Give one e-mail address such as anna@example.org.")
    name, _, domain = address.rpartition("@")
    return f"{name[0]}…@{domain}"


@dataclass(frozen=True)
class Relay:
    """Where mail is handed over. TLS from the start (`smtps`), or as soon as the relay offers it."""

    host: str
    port: int
    sender: str
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str, sender: str) -> Self:
        """`smtp://` or `smtps://`, with `user:password@` if the relay asks. Raises ValueError: what to give."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in ("smtp", "smtps"):
            raise ValueError("give the relay as smtp://user:password@mail.example.org:587, or smtps:// for TLS")
        if not ADDRESS.fullmatch(sender):
            raise ValueError("mail needs the address that it comes from, such as tasks@example.org")
        tls = parts.scheme == "smtps"
        user, password = (unquote(one) if one else None for one in (parts.username, parts.password))
        return cls(host, port or (465 if tls else 587), sender, tls, user, password)


def message(letter: Letter, sender: str, to: str, link: str, now: datetime) -> EmailMessage:
    """The mail of a letter. Its Message-ID is made of the firing's key: one that comes twice is seen to be the same."""
    made = EmailMessage()
    title = " ".join(letter.title.split())
    made["From"], made["To"] = sender, to
    made["Subject"] = "Confirm this address" if letter.asks else f"Reminder: {title}"
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{letter.key}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    if letter.asks:
        _ask(made, letter.user, link)
        return made
    due = f"Due: {letter.due}\n" if letter.due else ""
    where = letter.workspace_name
    made.set_content(f"{title}\n\n{due}Workspace: {where}\n\nAcknowledge it here:\n{link}\n")
    html_due = f"<p>Due: {escape(letter.due)}</p>" if letter.due else ""
    made.add_alternative(
        f"<!doctype html><html><body><h1>{escape(title)}</h1>{html_due}<p>Workspace: {escape(where)}</p>"
        f'<p><a href="{escape(link)}">Acknowledge</a></p></body></html>',
        subtype="html",
    )
    return made


def _ask(made: EmailMessage, user: str, link: str) -> None:
    """Nothing in it is for anybody to choose but the user's id: it may go to a stranger."""
    wants = f"The user {user} wants to have reminders sent to this address."
    other = "If that was not you, do nothing: nothing else will be sent here."
    made.set_content(f"{wants} If that was you, confirm it here:\n{link}\n\n{other}\n")
    made.add_alternative(
        f"<!doctype html><html><body><p>{escape(wants)}</p>"
        f'<p>If that was you: <a href="{escape(link)}">confirm it</a></p><p>{other}</p></body></html>',
        subtype="html",
    )


class Mail:
    """Sends mail through a relay; each attempt is a connection of its own."""

    def __init__(self, relay: Relay, now: Callable[[], datetime]) -> None:
        self._relay = relay
        self._now = now

    async def send(self, to: str, link: str, letter: Letter) -> Result:
        """One attempt. What the relay refuses for good (5xx) is not tried again, unless it refuses us."""
        relay = self._relay
        try:
            await aiosmtplib.send(
                message(letter, relay.sender, to, link, self._now()), recipients=[to], hostname=relay.host,
                port=relay.port, username=relay.user, password=relay.password, use_tls=relay.tls,
                start_tls=False if relay.tls else None, timeout=TIMEOUT_SECONDS,
            )  # fmt: skip
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [one.code for one in error.recipients]
            retry = not codes or any(code not in PERMANENT for code in codes)
            return Result(f"The address was refused ({', '.join(map(str, codes))}).", retry=retry)
        except aiosmtplib.SMTPAuthenticationError as error:
            return Result(f"The mail relay does not let this server in ({error.code}).")
        except aiosmtplib.SMTPResponseException as error:
            return Result(f"The mail relay refused it ({error.code}).", retry=error.code not in PERMANENT)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            return Result(f"The mail relay could not be reached ({type(error).__name__}).")
        return Result()
