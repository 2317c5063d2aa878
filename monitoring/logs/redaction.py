"""The last line of defence: what looks like a secret, or like somebody's address, is taken out of every line.

Nobody logs such things on purpose; an exception's text, or a library, may. What has no form of its own, such as a title
or a password in the middle of a sentence, cannot be known here: it must not be logged in the first place.
"""

import re
from collections.abc import Callable
from typing import Any, Final

HIDDEN: Final = "[hidden]"
DEPTH: Final = 6
"""How deep into a value of many parts it is looked; what lies deeper is hidden."""

_NAMED: Final = "token|secret|password|passwd|pwd|api_?key|access_?key|signature|sig|authorization|credential"

HOOK: Final = re.compile(r"(?i)hook|services/t|bot\d|[\w-]{20,}")
"""What the path of a hook's address has, and those of our own have not."""

RULES: Final[tuple[tuple[str, re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    ("eyJ", re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),  # a token in JWT's form
    ("earer", re.compile(r"(?i)\b(bearer)\s+[\w.~+/=-]{6,}"), rf"\1 {HIDDEN}"),
    ("asic", re.compile(r"(?i)\b(basic)\s+[\w+/=-]{8,}"), rf"\1 {HIDDEN}"),
    ("://", re.compile(r"(?<=://)[^/\s@'\"<>]+(?=@)"), HIDDEN),  # user and password of an address
    ("=", re.compile(rf"(?i)({_NAMED})=(?!\[hidden\])['\"]?[^&\s'\"<>,;)\]]+"), rf"\1={HIDDEN}"),
    (":", re.compile(rf"(?i)((?:{_NAMED})['\"]?\s{{0,8}}:\s{{0,8}}['\"])[^'\"]+(?=['\"])"), rf"\1{HIDDEN}"),
    (
        "://",  # where a hook leads, of services and of our users' own: the secret is in the path
        re.compile(r"(?i)(\bhttps?://[^/\s'\"<>]+/)([^\s'\"<>]+)"),
        lambda found: found[1] + HIDDEN if HOOK.search(found[2]) else found[0],
    ),
    # Apprise's addresses, which hold tokens: any scheme but those of the web, of mail's relays and of our own.
    (
        "://",
        re.compile(
            r"(?i)\b(?!https?:|smtps?:|kafka:|embedded:|tasksys:|memory:|wss?:|file:|grpc:|tcp:)"
            r"([a-z][a-z0-9+.-]{1,20})://(?!\[hidden\]$)[^\s'\"<>]+"
        ),
        rf"\1://{HIDDEN}",
    ),
    ("@", re.compile(r"[\w.!#$%&*+/=?^`{|}~-]{1,64}@[\w-]+(?:\.[\w-]+)+"), HIDDEN),
)
"""What must be in a text for the pattern to be tried, the pattern, and what stands there instead.

None may begin with a run of any length: a text that has many beginnings and no end would hold up the process for
seconds, and who sends such a text is not known here.
"""


def clean(text: str) -> str:
    """The text without what looks like a secret or an e-mail address."""
    for sign, pattern, instead in RULES:
        if sign in text:
            text = pattern.sub(instead, text)
    return text


def cleaned(value: Any, depth: int = DEPTH) -> Any:
    """The value with each text in it clean; what JSON has no word for becomes text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return clean(value)
    if not depth:
        return HIDDEN
    if isinstance(value, dict):
        return {clean(str(name)): cleaned(one, depth - 1) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [cleaned(one, depth - 1) for one in value]
    return clean(str(value))
