"""The messages of `tasksys.v1`: what a client may say, as types; and what it is told, as bytes."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from tasksys import codec
from tasksys.values import Id
from views.context import POSITIONS
from views.decoding import wrong_field
from views.problems import Problem, bad_request

NAME: Final = "tasksys.v1"
"""The subprotocol."""

MESSAGE_BYTES: Final = 1024 * 1024

Short = Annotated[str, Meta(max_length=40)]
Text = Annotated[str, Meta(max_length=2_000)]


class Where(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """What somebody looks at, or edits: `text` is what stands in the field by now, not saved yet."""

    view: Short | UnsetType = UNSET
    project: Id | UnsetType = UNSET
    task: Id | UnsetType = UNSET
    field: Short | UnsetType = UNSET
    selection: tuple[int, int] | UnsetType = UNSET
    text: Text | UnsetType = UNSET


class Subscribe(Struct, forbid_unknown_fields=True, frozen=True, tag_field="op", tag="subscribe"):
    """From a snapshot on, or from a position on; with or without events, and what the rows are that changed."""

    after: Annotated[int, Meta(ge=0, le=POSITIONS)] | None = None
    state: bool = False
    events: bool = True


class Command(Struct, forbid_unknown_fields=True, frozen=True, tag_field="op", tag="command"):
    """A command, as it is sent to `POST …/commands`."""

    command: dict[str, Any]


class Presence(Struct, forbid_unknown_fields=True, frozen=True, tag_field="op", tag="presence"):
    """Where the client's user is."""

    where: Where | None = None


class Ping(Struct, forbid_unknown_fields=True, frozen=True, tag_field="op", tag="ping"):
    """Asks for a pong, with the same id."""

    id: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET


Said = Subscribe | Command | Presence | Ping


class _Op(Struct):
    op: str


_DECODERS: Final[dict[str, msgspec.json.Decoder[Said]]] = {
    "subscribe": msgspec.json.Decoder(Subscribe),
    "command": msgspec.json.Decoder(Command),
    "presence": msgspec.json.Decoder(Presence),
    "ping": msgspec.json.Decoder(Ping),
}
_op = msgspec.json.Decoder(_Op).decode


class NotTheProtocol(Exception):
    """The text is not JSON: there is no use in going on."""


class Unfit(Exception):
    """What the client sent cannot be: `known` is False where there is no such op."""

    def __init__(self, problem: Problem, re: str | None = None, known: bool = True) -> None:
        super().__init__(problem.body()["detail"])
        self.problem, self.re, self.known = problem, re, known


def read(text: str | bytes) -> Said:
    """The message in a text. Raises NotTheProtocol, Unfit."""
    try:
        op = _op(text).op
    except msgspec.ValidationError as error:
        raise Unfit(bad_request("bad-message", "A message is a JSON object with `op`."), known=False) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotTheProtocol("A message is one JSON object.") from error
    decoder = _DECODERS.get(op)
    if decoder is None:
        detail = f"There is no op {op[:40]!r}; there are {', '.join(_DECODERS)}."
        raise Unfit(bad_request("bad-message", detail), known=False)
    try:
        return decoder.decode(text)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Unfit(wrong_field(str(error)), op) from error


def message(op: str, **members: Any) -> bytes:
    """A message to a client."""
    return codec.encode_json({"op": op, **members})


def event(position: int, stored: bytes) -> bytes:
    """An event as it stands in the log, as a message."""
    return b'{"op":"event","position":%d,"event":%b}' % (position, stored)


Part = tuple[str, bytes]
"""An item of a list in a message, encoded, with the name of the list; or, named `workspace`, a member of its own."""


def listed(head: bytes, parts: Iterable[Part], tail: bytes = b"}") -> bytes:
    """A message with lists: `head` is its beginning without a comma at the end."""
    lists: dict[str, list[bytes]] = {}
    for name, item in parts:
        lists.setdefault(name, []).append(item)
    whole = [
        b'"%b":%b' % (name.encode(), items[-1] if name == "workspace" else b"[%b]" % b",".join(items))
        for name, items in lists.items()
    ]
    return b",".join([head, *whole]) + tail


def error(problem: Problem, re: str | None = None, identifier: str | None = None) -> bytes:
    """What the client sent cannot be."""
    about = {name: value for name, value in (("re", re), ("id", identifier)) if value is not None}
    return message("error", problem=problem.body(), **about)
