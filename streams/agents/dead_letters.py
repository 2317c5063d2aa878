"""What becomes of a record that cannot be folded: a row, for operators, and a record of a topic of its own."""

import logging
import re
from typing import Final

import msgspec

from streams import keys
from streams.fold import Effects, Output, Record
from streams.topics import DEAD_LETTERS
from tasksys.commands import CommandRecord
from tasksys.outcomes import DeadLetter

logger = logging.getLogger(__name__)

REASON_CHARACTERS: Final = 1000

TEXTS: Final = re.compile(r"[(:]")
"""Where in a reason begins what may hold people's texts, which stand in no log."""

_encode = msgspec.msgpack.Encoder().encode


def put(effects: Effects, record: Record, reason: str, command: CommandRecord | None = None) -> None:
    """Adds the dead letter of a record, and says so in the log; of its command, if it is one."""
    letter = DeadLetter(record.offset, record.timestamp_ms, reason[:REASON_CHARACTERS], record.key, record.value)
    named: dict[str, str] = {}
    if command is not None:
        named = {"workspace": command.workspace, "command_id": command.command.id}
        letter = msgspec.structs.replace(
            letter, workspace=command.workspace, actor=command.actor, command=command.command.id
        )
    effects.rows[keys.dead_letter(record.offset)] = _encode(letter)
    said = letter.reason.encode("utf-8", "replace")
    origin = (("offset", str(record.offset).encode()), ("reason", said))
    effects.outputs.append(
        Output(DEAD_LETTERS.name, record.key or b"", record.value or b"", (*record.headers, *origin))
    )
    logger.error(
        "a record became a dead letter: %s; `tasksys dead-letters list` says more", TEXTS.split(reason)[0],
        extra={"offset": record.offset, **named},
    )  # fmt: skip
