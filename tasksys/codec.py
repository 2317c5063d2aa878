"""Bytes to commands, events and rows, and back. The only place that knows how they are stored.

Commands and events are JSON: people read the log. Rows are MessagePack: a machine's own, rebuilt at need. A stored
event is served byte for byte as it was written, so fields that this release does not know survive.
"""

from typing import Any, Final, get_args

import msgspec

from tasksys import commands, events
from tasksys.rows import ROW_TYPES, Row
from tasksys.upcasters import UPCASTERS, Upcaster

EVENT_TYPES: Final[dict[str, type[events.Event]]] = {kind.__name__: kind for kind in get_args(events.Event)}
COMMAND_TYPES: Final[dict[str, type[commands.Command]]] = {kind.__name__: kind for kind in get_args(commands.Command)}

_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()
_command = msgspec.json.Decoder(commands.CommandRecord)
_record = msgspec.json.Decoder(events.EventRecord)
_data = {name: msgspec.json.Decoder(kind) for name, kind in EVENT_TYPES.items()}
_rows = {kind.kind: msgspec.msgpack.Decoder(kind) for kind in ROW_TYPES}
_any = msgspec.json.Decoder()


class UnknownEvent(Exception):
    """An event that this release cannot read: it was written by a newer one. Upgrade before folding the log."""


def encode_command(record: commands.CommandRecord) -> bytes:
    """A command as it is appended to the log."""
    return _json.encode(record)


def decode_command(value: bytes) -> commands.CommandRecord:
    """The command in a record of the log; msgspec.DecodeError (also for bad UTF-8 and deep nesting) if it is none."""
    try:
        return _command.decode(value)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error


def encode_event(record: events.EventRecord) -> bytes:
    """An event as it is appended to the log, and served."""
    return _json.encode(record)


def decode_event(value: bytes) -> events.EventRecord:
    """The envelope of a stored event; its `data` stays as it was written."""
    return _record.decode(value)


def data(event: events.Event) -> msgspec.Raw:
    """A typed event as the envelope's `data`."""
    return msgspec.Raw(_json.encode(event))


def schema(kind: type[events.Event]) -> int:
    """The current schema version of that event type."""
    return events.SCHEMAS.get(kind, 1)


def event(record: events.EventRecord, upcasters: dict[tuple[str, int], Upcaster] = UPCASTERS) -> events.Event:
    """The typed event of a record, brought to the current schema. UnknownEvent if a newer release wrote it."""
    kind = EVENT_TYPES.get(record.type)
    if kind is not None and record.schema == schema(kind):
        return _data[record.type].decode(record.data)
    name, version, fields = record.type, record.schema, None
    while (upcast := upcasters.get((name, version))) is not None:
        fields = _any.decode(record.data) if fields is None else fields
        name, version, fields = upcast(fields)
    kind = EVENT_TYPES.get(name)
    if kind is None or version != schema(kind):
        raise UnknownEvent(
            f"event {record.id} is a {record.type} of schema {record.schema}, which this release cannot read; "
            "upgrade tasksys to the release that wrote it, or a later one"
        )
    return msgspec.convert(fields, kind)


def encode_row(row: Row) -> bytes:
    """A row as the state table stores it."""
    return _msgpack.encode(row)


def decode_row(kind: str, value: bytes) -> Row:
    """A row of that kind from the state table."""
    return _rows[kind].decode(value)


def encode_json(value: Any) -> bytes:
    """Any of our values as JSON."""
    return _json.encode(value)
