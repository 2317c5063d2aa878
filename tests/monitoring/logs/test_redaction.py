"""What looks like a secret is hidden, and what does not is not."""

from __future__ import annotations

import time

import pytest

from monitoring.logs.redaction import clean

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJvbGdhIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer 0123456789abcdef", "0123456789abcdef"),
        (f"it came with {JWT}", "eyJzdWIiOiJvbGdhIn0"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("GET /workspaces/w/calendar.ics?token=abc123&view=todos", "abc123"),
        ("--jwt-secret=hunter2 given", "hunter2"),
        ("{'password': 'hunter2'}", "hunter2"),
        ("smtp://mailer:hunter2@mail.example.org:587 refused it", "hunter2"),
        ("https://olga:hunter2@hooks.example.org/", "hunter2"),
        ("POST https://hooks.slack.com/services/T000/B000/XXXX", "T000/B000/XXXX"),
        ("https://discord.com/api/webhooks/12345/abc failed", "12345/abc"),
        ("https://api.telegram.org/bot123:abc/sendMessage", "bot123:abc"),
        ("https://example.org/my-webhook/s3cr3t", "s3cr3t"),
        ("https://example.org/in/0123456789abcdef0123456789", "0123456789abcdef0123456789"),
        ("slack://TokenA/TokenB/TokenC", "TokenB"),
        ("cannot send to olga.o-hara+tasks@mail.example.org", "olga.o-hara"),
        ("two of them: a@b.example, c@d.example", "c@d.example"),
    ],
)
def test_secrets_are_hidden(text: str, secret: str) -> None:
    """Those that can be known by their form."""
    assert secret in text
    said = clean(text)
    assert secret not in said
    assert "[hidden]" in said
    assert clean(said) == said


@pytest.mark.parametrize(
    "text",
    [
        "serving at http://127.0.0.1:3001",
        "the keys for tokens cannot be fetched from https://id.example/keys",
        "Kafka at kafka://one:9092,two:9092 does not answer",
        "the log is embedded:///var/lib/tasksys/log",
        "GET /api/v1/workspaces/{ws}/tasks/{task}: 200",
        "ran @dataclass of a module",
        "tokens: 3, code=404, a = b",
        "tasksys.commands[3] stops between offsets 5 and 9",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """A log whose words are hidden helps nobody."""
    assert clean(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a-" * 8_000 + "=", "a-" * 8_000 + ":", "https://x/" * 4_000, "token: " + " " * 8_000, "a." * 8_000 + "@",
        "basic " * 4_000, "token'" * 4_000 + ":", "aaaa://" * 4_000, "aaaa@" * 4_000,
    ],
)  # fmt: skip
def test_no_text_holds_up_the_process(text: str) -> None:
    """Whoever sends one that begins like many secrets: it took 20 s, and a line is written on the event loop."""
    began = time.process_time()
    clean(text)
    assert time.process_time() - began < 0.5
