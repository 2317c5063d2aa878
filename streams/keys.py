"""How rows are named in the agents' tables. Ids hold no NUL, so a NUL ends each part.

State (agent `commands`):
    <workspace> NUL <kind> <name>              a row of the workspace, see tasksys.rows
    0x01 <workspace> NUL <actor> NUL <id>      a command's outcome
    0x02 <user> NUL <workspace>                the workspaces of a user
    0x03 <offset>                              a dead letter
    0x06 <workspace> NUL                       how far an import of the workspace is, see streams.agents.imports
    0x06 <workspace> NUL a <kind> <name>       a row that is not shown yet
    0x06 <workspace> NUL e <position>          an event that is not in the event log yet
Timeline (agents `reminders` and `recurrence`):
    0x04 <instant> NUL <workspace> NUL <id>    what is armed, by when it falls due; in the row the position of the event
                                               that set it, and the context of its trace if that is recorded
    <workspace> NUL r <id>                     when it falls due
    <workspace> NUL z                          the release of the zone database that this was computed by
Outbox (agent `deliveries`):
    0x05 <instant> NUL <workspace> NUL <reminder> NUL <time of the firing> NUL <channel>
                                               an attempt to deliver, by when it is due; in the row where the firing is,
                                               whose it is, and the context of its trace if that is recorded
    <workspace> NUL d <reminder> NUL <time of the firing> NUL <channel>
                                               when its next attempt is due
    <workspace> NUL l <user> NUL <channel> NUL <instant> NUL <reminder> NUL <time of the firing>
                                               the same attempt, by its channel
    <workspace> NUL r <reminder>               the user of a reminder
    <workspace> NUL u <user> NUL <reminder>    an armed reminder of a user
History (agent `audit`):
    <workspace> NUL e <position>               an event and its link of the hash chain
    <workspace> NUL t <task> NUL <position>    the events of a task
    <workspace> NUL c <actor> NUL <id> NUL     first and last position of a command's events
"""

import struct
from collections.abc import Iterator
from itertools import chain
from typing import Final

from streams.fold import Rows

POSITION: Final = struct.Struct(">Q")
OUTCOME: Final = b"\x01"
MEMBERSHIP: Final = b"\x02"
DEAD_LETTER: Final = b"\x03"
TIMELINE: Final = b"\x04"
OUTBOX: Final = b"\x05"
IMPORT: Final = b"\x06"


def row(workspace: str, kind: str, name: str) -> bytes:
    """A row of a workspace."""
    return f"{workspace}\0{kind}{name}".encode()


def rows(workspace: str, kind: str = "", prefix: str = "") -> bytes:
    """The beginning of all rows of a workspace, or of those of one kind."""
    return f"{workspace}\0{kind}{prefix}".encode()


def outcome(workspace: str, actor: str, command: str) -> bytes:
    """A command's outcome."""
    return OUTCOME + f"{workspace}\0{actor}\0{command}".encode()


def outcomes(workspace: str) -> bytes:
    """The beginning of all outcomes of a workspace."""
    return OUTCOME + f"{workspace}\0".encode()


def membership(user: str, workspace: str = "") -> bytes:
    """A workspace of a user; without a workspace, the beginning of all of them."""
    return MEMBERSHIP + f"{user}\0{workspace}".encode()


def dead_letter(offset: int) -> bytes:
    """A record of the partition that could not be folded."""
    return DEAD_LETTER + POSITION.pack(offset)


def imported(workspace: str) -> bytes:
    """How far an import of a workspace is."""
    return IMPORT + f"{workspace}\0".encode()


def apart(workspace: str, kind: str = "", name: str = "") -> bytes:
    """A row of a workspace that is not shown yet; without kind and name, the beginning of all of them."""
    return IMPORT + f"{workspace}\0a{kind}{name}".encode()


def all_waiting(workspace: str) -> bytes:
    """The beginning of all events that are not in the event log yet."""
    return IMPORT + f"{workspace}\0e".encode()


def waiting(workspace: str, position: int) -> bytes:
    """An event that is not in the event log yet."""
    return all_waiting(workspace) + POSITION.pack(position)


def workspace_of(key: bytes) -> bytes:
    """The workspace that a row of the state is about."""
    if key.startswith(MEMBERSHIP):
        return key.partition(b"\0")[2]
    return key.lstrip(OUTCOME + IMPORT).partition(b"\0")[0]


def timeline(at: str, workspace: str, name: str) -> bytes:
    """The place of something armed in the timeline."""
    return TIMELINE + f"{at}\0{workspace}\0{name}".encode()


def armed(workspace: str, name: str = "") -> bytes:
    """Where the instant of something armed is; without its name, the beginning of all of a workspace."""
    return f"{workspace}\0r{name}".encode()


def zones(workspace: str) -> bytes:
    """Where the release of the zone database is by which a workspace's instants were computed."""
    return f"{workspace}\0z".encode()


def outbox(at: str, workspace: str, reminder: str, scheduled_for: str, channel: str) -> bytes:
    """The place of an attempt in the outbox."""
    return OUTBOX + f"{at}\0{workspace}\0{reminder}\0{scheduled_for}\0{channel}".encode()


def lane(workspace: str, user: str, channel: str) -> bytes:
    """The beginning of all attempts of a channel."""
    return f"{workspace}\0l{user}\0{channel}\0".encode()


def in_lane(at: str, workspace: str, user: str, channel: str, reminder: str, scheduled_for: str) -> bytes:
    """The place of an attempt among those of its channel."""
    return lane(workspace, user, channel) + f"{at}\0{reminder}\0{scheduled_for}".encode()


def delivery(workspace: str, reminder: str, scheduled_for: str, channel: str) -> bytes:
    """Where the instant of a delivery's next attempt is."""
    return deliveries(workspace, reminder) + f"{scheduled_for}\0{channel}".encode()


def deliveries(workspace: str, reminder: str) -> bytes:
    """The beginning of all of a reminder's."""
    return f"{workspace}\0d{reminder}\0".encode()


def user_of(workspace: str, reminder: str) -> bytes:
    """Where the user of a reminder is."""
    return f"{workspace}\0r{reminder}".encode()


def armed_of(workspace: str, user: str, reminder: str = "") -> bytes:
    """An armed reminder of a user; without a reminder, the beginning of all of theirs."""
    return f"{workspace}\0u{user}\0{reminder}".encode()


def event(workspace: str, position: int) -> bytes:
    """An event of a workspace."""
    return f"{workspace}\0e".encode() + POSITION.pack(position)


def task_event(workspace: str, task: str, position: int) -> bytes:
    """The place of a task's event."""
    return task_events(workspace, task) + POSITION.pack(position)


def task_events(workspace: str, task: str) -> bytes:
    """The beginning of the places of a task's events."""
    return f"{workspace}\0t{task}\0".encode()


def command_events(workspace: str, actor: str, command: str) -> bytes:
    """The positions of a command's events."""
    return f"{workspace}\0c{actor}\0{command}\0".encode()


def last_position(key: bytes) -> int:
    """The position at the end of a key."""
    position: int = POSITION.unpack(key[-8:])[0]
    return position


def scan_workspace(rows: Rows, workspace: str) -> Iterator[tuple[bytes, bytes]]:
    """Every row about a workspace, in the order of their keys; looks at everybody's memberships, reminders and
    attempts."""
    end, middle = f"\0{workspace}".encode(), f"\0{workspace}\0".encode()
    members = (entry for entry in rows.scan(MEMBERSHIP) if entry[0].endswith(end))
    armed = (entry for entry in rows.scan(TIMELINE) if middle in entry[0])
    attempts = (entry for entry in rows.scan(OUTBOX) if entry[0].split(b"\0", 2)[1] == workspace.encode())
    return chain(members, armed, attempts, rows.scan(f"{workspace}\0".encode()))
