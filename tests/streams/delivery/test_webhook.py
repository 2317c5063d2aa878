"""The signature, and what answers mean."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from streams.delivery import webhook
from tasksys.deliveries import Result
from tests.streams.delivery.test_addresses import letter

NOW = datetime(2026, 3, 8, 9, tzinfo=UTC)


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of its reference implementations."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signed = webhook.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_headers_carry_the_firings_key_and_sign_the_body() -> None:
    """A receiver needs the secret, the body and the headers, and nothing else."""
    secret, body = "whsec_" + base64.b64encode(b"k" * 32).decode(), webhook.payload(letter())
    sent = webhook.headers(secret, letter().key, 1_772_960_400, body)
    assert sent["webhook-id"] == sent["Idempotency-Key"] == letter().key
    expected = hmac.new(b"k" * 32, f"{letter().key}.1772960400.".encode() + body, hashlib.sha256).digest()
    assert sent["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
    found = json.loads(body)
    assert (found["type"], found["key"], found["task"]["due"]) == ("reminder.fired", letter().key, None)


def test_the_body_is_the_same_at_every_attempt() -> None:
    """So a receiver may compare it."""
    assert webhook.payload(letter()) == webhook.payload(letter()._replace(attempt=7))


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Result()),
        (204, Result()),
        (404, Result("It answered 404.")),
        (401, Result("It answered 401.")),
        (500, Result("It answered 500.")),
        (301, Result("It answered 301, and redirects are not followed; give the address that it leads to.")),
        (410, Result("It answered 410: nobody listens there any more.", retry=False)),
    ],
)
def test_what_an_answer_means(status: int, result: Result) -> None:
    """Only 2xx is taken for received, and only 410 for the end."""
    assert webhook.result(status, 0.0) == result


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("9" * 40, 0.0),
        ("Sun, 08 Mar 2026 09:01:00 GMT", 60.0),
        ("Sun, 08 Mar 2026 08:00:00 GMT", 0.0),
        ("Sun, 08 Mar 2026 09:01:00 -0000", 60.0),
    ],
)
def test_retry_after(header: str, seconds: float) -> None:
    """Seconds, or a date; what is neither asks for nothing."""
    assert webhook.retry_after(header, NOW) == seconds
