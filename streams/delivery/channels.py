"""All channels of a server: what may be set as one, how it is sealed, and the courier that sends through it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, assert_never
from urllib.parse import quote

from streams.delivery import apprises, mail, webhook
from streams.delivery.keys import Confirmation, Keys, SealBroken, Ticket
from tasksys.deliveries import Letter, Result
from tasksys.errors import ChannelUnavailable
from tasksys.rows import Channel
from tasksys.values import ChannelKind, instant

LINK_DAYS: Final = 30
"""So long the link of a mail acknowledges."""

CONFIRM_DAYS: Final = 7
"""So long the link of a mail confirms its address."""


@dataclass(frozen=True)
class Options:
    """What the operator says: the key (or several, or none), the relay of mail, whether private hosts are asked."""

    key: str = ""
    relay: mail.Relay | None = None
    private: bool = False
    url: str = "http://127.0.0.1:3001"
    """Where people reach this server, for links."""


class Channels:
    """Seals, unseals and sends. Open from its making until `close`; made on the event loop."""

    def __init__(self, options: Options, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._options = options
        self._now = now
        self._keys = Keys(options.key) if options.key else None
        self._webhooks = webhook.Webhooks(options.private, now)
        self._mail = mail.Mail(options.relay, now) if options.relay is not None else None
        self._apprises = apprises.Apprises()

    async def close(self) -> None:
        """Ends what is under way."""
        await self._webhooks.close()
        await self._apprises.close()

    # --- what the views ask

    async def seal(self, workspace: str, user: str, channel: str, kind: ChannelKind, target: str) -> tuple[str, str]:
        """The sealed target and its hint. Raises TargetUnfit, ChannelUnavailable."""
        keys = self._known()
        match kind:
            case ChannelKind.WEBHOOK:
                hint = webhook.hint(target, self._options.private)
            case ChannelKind.EMAIL:
                hint = mail.hint(target)
                if self._mail is None:
                    raise ChannelUnavailable(NO_RELAY)
            case ChannelKind.APPRISE:
                hint = await asyncio.to_thread(apprises.hint, target, self._options.private)
            case _:
                assert_never(kind)
        return keys.seal(target, workspace, user, channel, kind), hint

    def blinded(self, target: str) -> str:
        """Tells targets apart without saying anything of them. Raises ChannelUnavailable."""
        return self._known().blinded(target)

    def marks(self, workspace: str, user: str, kind: ChannelKind, target: str) -> tuple[str, ...]:
        """What knows an e-mail address again; nothing for other kinds. Raises ChannelUnavailable."""
        return self._known().marks(workspace, user, target.lower()) if kind is ChannelKind.EMAIL else ()

    def secret(self, workspace: str, user: str, channel: Channel) -> str | None:
        """What a webhook's receiver checks signatures with; None for other kinds, and without its key."""
        if self._keys is None or channel.kind is not ChannelKind.WEBHOOK:
            return None
        try:
            where = (workspace, user, channel.name, channel.kind.value)
            return self._keys.webhook(channel.sealed, where, str(channel.made))
        except SealBroken:
            return None

    def unusable(self, workspace: str, user: str, channel: Channel) -> str | None:
        """Why nothing can be sent there by any server with these keys; None if something can."""
        if self._keys is None:
            return None  # another process may have one
        return FOREIGN if _target(self._keys, workspace, user, channel) is None else None

    def admitted(self, token: str) -> Ticket | None:
        """The ticket of a link's token, if it is one and not too old."""
        return self._keys.admitted(token, instant(self._now())) if self._keys is not None else None

    def confirmation(self, token: str) -> Confirmation | None:
        """What the token of a link confirms, if it is one and not too old."""
        return self._keys.confirmation(token, instant(self._now())) if self._keys is not None else None

    # --- what the outbox asks

    async def deliver(self, letter: Letter) -> Result:
        """One attempt."""
        if self._keys is None:
            return Result("The server has lost its key; its operator has to give it again (--secret-key).")
        channel = letter.channel
        target = _target(self._keys, letter.workspace, letter.user, channel)
        if target is None:
            return Result(FOREIGN)
        match channel.kind:
            case ChannelKind.WEBHOOK:
                secret = self.secret(letter.workspace, letter.user, channel)
                assert secret is not None
                return await self._webhooks.send(target, secret, letter)
            case ChannelKind.EMAIL:
                return (
                    Result(NO_RELAY) if self._mail is None else await self._mail.send(target, self.link(letter), letter)
                )
            case ChannelKind.APPRISE:
                if target.partition("://")[0].lower() not in apprises.HOSTED and not self._options.private:
                    return Result(webhook.INSIDE, retry=False)
                return await self._apprises.send(target, letter)
            case _:
                assert_never(channel.kind)

    def link(self, letter: Letter) -> str:
        """The address of the page that acknowledges, or confirms."""
        assert self._keys is not None
        if letter.asks:
            until = instant(self._now() + timedelta(days=CONFIRM_DAYS))
            asked = Confirmation(letter.workspace, letter.user, letter.channel.name, str(letter.channel.asked), until)
            return f"{self._options.url}/confirm?token={quote(self._keys.ticket(asked))}"
        until = instant(self._now() + timedelta(days=LINK_DAYS))
        ticket = Ticket(letter.workspace, letter.user, letter.reminder, letter.scheduled_for, until)
        return f"{self._options.url}/acknowledge?token={quote(self._keys.ticket(ticket))}"

    def _known(self) -> Keys:
        if self._keys is None:
            raise ChannelUnavailable(NO_KEY)
        return self._keys


NO_KEY: Final = (
    "This server has no key to seal channels with; its operator gives every process the same one with --secret-key, or "
    "TASKSYS_SECRET_KEY."
)
FOREIGN: Final = "It was sealed with a key that the server has not; set the channel again."
NO_RELAY: Final = "This server sends no mail; its operator names a relay with --smtp-url and --smtp-from."


def _target(keys: Keys, workspace: str, user: str, channel: Channel) -> str | None:
    """Where the channel leads; None if another key has sealed that."""
    try:
        return keys.unseal(channel.sealed, workspace, user, channel.name, channel.kind)
    except SealBroken:
        return None
