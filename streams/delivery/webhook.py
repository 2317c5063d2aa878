"""Webhooks: a signed POST, as Standard Webhooks has it (standardwebhooks.com), that leads nowhere inside."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from monitoring import tracing
from streams.delivery.addresses import AddressRefused, GuardedResolver, guarded_socket, is_public
from tasksys import codec
from tasksys.deliveries import Letter, Result
from tasksys.errors import TargetUnfit

TIMEOUT: Final = aiohttp.ClientTimeout(total=15, connect=10)
INSIDE: Final = "It leads to a private address, which this server does not ask."
NAMES_INSIDE: Final = (".localhost", ".local", ".internal", ".home.arpa", ".localdomain")
GONE: Final = 410
RECEIVED: Final = range(200, 300)


def hint(url: str, private: bool) -> str:
    """What may be shown of the address. Raises TargetUnfit if a webhook cannot lead there."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise TargetUnfit("Give a web address such as https://example.org/hooks/tasks.") from None
    if parts.scheme not in ("http", "https") or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise TargetUnfit("Give a web address such as https://example.org/hooks/tasks.")
    if not private and _inside(host.rstrip(".").lower()):
        raise TargetUnfit(
            "This leads to a private address, which this server does not ask; its operator can allow it with "
            "--allow-private-webhooks."
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}/…"


def _inside(name: str) -> bool:
    """Whether the name says by itself that it leads inside; what it resolves to is looked at with each request."""
    if ":" in name or name.replace(".", "").isdigit():
        return not is_public(name)
    return "." not in name or name.endswith(NAMES_INSIDE)


def payload(letter: Letter) -> bytes:
    """The body: the same at every attempt, while its task stays as it is."""
    return codec.encode_json(
        {
            "type": "reminder.fired",
            "key": letter.key,
            "workspace": {"id": letter.workspace, "name": letter.workspace_name},
            "user": letter.user,
            "task": {"id": letter.task, "title": letter.title, "due": letter.due or None},
            "reminder": letter.reminder,
            "scheduled_for": letter.scheduled_for,
            "fired_at": letter.fired_at,
        }
    )


def signature(secret: str, key: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, timestamp and body, in base64. `secret` is `whsec_…`."""
    shared = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{key}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(shared, signed, hashlib.sha256)).decode()


def headers(secret: str, key: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a webhook."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "tasksys-webhooks",
        "Idempotency-Key": key,
        "webhook-id": key,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, key, timestamp, body),
    }


class Webhooks:
    """Sends webhooks. To private addresses only if `private` allows it; never through a proxy, never elsewhere."""

    def __init__(self, private: bool, now: Callable[[], datetime]) -> None:
        guards: dict[str, Any] = {} if private else {"resolver": GuardedResolver(), "socket_factory": guarded_socket}
        connector = aiohttp.TCPConnector(limit=0, force_close=True, use_dns_cache=False, **guards)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=TIMEOUT, trust_env=False, cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )  # fmt: skip
        self._now = now

    async def close(self) -> None:
        """Ends what is under way."""
        await self._session.close()

    async def send(self, url: str, secret: str, letter: Letter) -> Result:
        """One attempt. Only the status and Retry-After are read of the answer; redirects are not followed."""
        body, now = payload(letter), self._now()
        sent = headers(secret, letter.key, int(now.timestamp()), body)
        if (span := tracing.current()) is not None:
            sent[tracing.TRACEPARENT] = span.context.traceparent  # and no tracestate: that is others' own
        try:
            async with self._session.post(url, data=body, headers=sent, allow_redirects=False) as response:
                status, after = response.status, retry_after(response.headers.get("Retry-After", ""), now)
                response.close()
        except TimeoutError:
            return Result(f"It did not answer within {TIMEOUT.total:.0f} s.")
        except aiohttp.ClientConnectorDNSError as error:
            return Result(INSIDE, retry=False) if _refused(error) else Result("Its name was not found.")
        except aiohttp.ClientSSLError:
            return Result("Its certificate was not accepted.")
        except aiohttp.ClientConnectorError as error:
            return Result(INSIDE, retry=False) if _refused(error) else Result("It could not be connected to.")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Result(f"The request failed ({type(error).__name__}).")
        return result(status, after)


def result(status: int, after: float) -> Result:
    """What an answer means. Everything but 410 may be mended within a day, a wrong address or secret too."""
    if status in RECEIVED:
        return Result()
    if status == GONE:
        return Result("It answered 410: nobody listens there any more.", retry=False)
    moved = ", and redirects are not followed; give the address that it leads to" if 300 <= status < 400 else ""
    return Result(f"It answered {status}{moved}.", after=after)


def retry_after(text: str, now: datetime) -> float:
    """The seconds that the header asks to wait: a number, or a date. 0 for anything else."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


def _refused(error: BaseException | None) -> bool:
    """Whether an address was refused, somewhere in what led to the error."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, AddressRefused) or "the address is not public" in str(error):
            return True
        error = getattr(error, "os_error", None) or error.__cause__ or error.__context__
    return False
