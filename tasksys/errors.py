"""Errors that cross from the streams to the views: conditions of the moment, but for a record that is too large, and a
history that is damaged."""


class BrokerUnavailable(Exception):
    """The log cannot be reached or written just now; it is not certain whether the record was appended. Try again."""


class LogUnreadable(BrokerUnavailable):
    """The log cannot be read just now; nothing was to be appended. Ask again in a moment."""


class Busy(Exception):
    """Too many commands wait already; nothing was appended. Try again in a moment."""


class StillPending(Exception):
    """The same command was sent before and is not decided yet; nothing was appended."""


class NotFollowed(Exception):
    """A fault of the server in finding out what follows from a command."""


class RecordTooLarge(Exception):
    """The record is larger than the log takes; nothing was appended. To repeat it is of no use: send less at once."""


class NotOwned(Exception):
    """The workspace's agent does not run in this process, or is still recovering."""


class NotHere(NotOwned):
    """The agent does not run in this process, and will not: another one is to be asked."""


class Elsewhere(NotOwned):
    """Another process has the workspace: ask that one. Here nobody would hear what became of a command."""


class Moved(Elsewhere):
    """Another process decides the command, which may be in the log by now: ask that one, under the same key."""


class HistoryIncomplete(Exception):
    """The history lacks events that it had: it was damaged or tampered with.

    `tasksys replay` makes it anew from the event log; `tasksys audit verify` says where it breaks.
    """


class TargetUnfit(ValueError):
    """A channel cannot lead there; the message says what to give instead, and does not repeat what was given."""


class ChannelUnavailable(Exception):
    """Channels of this kind do not work on this server; the message says what its operator does about it."""
