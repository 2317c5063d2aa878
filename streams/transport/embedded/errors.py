"""What the embedded log refuses, and what to do about it. Every message names the directory."""


class LogError(Exception):
    """Base of everything below."""


class LogOpenError(LogError):
    """The directory cannot be used: permissions, a read-only or full disk, something that is not a log."""


class DirectoryInUse(LogOpenError):
    """Another process has the directory open. Stop that one, or give this one a directory of its own."""


class LogCorrupt(LogOpenError):
    """The database cannot be read. Nothing was deleted or changed: restore a backup, or try `repair`."""


class LogTooNew(LogOpenError):
    """A later version wrote this directory in a format this one does not know. Run that version."""


class UnknownTopic(LogError):
    """There is no such topic, or it has no such partition. Create the topic first."""


class TopicMismatch(LogError):
    """The topic exists with another number of partitions, which cannot change: keys would move between them."""


class LogClosed(LogError):
    """The log was closed."""


class LogWriteError(LogError):
    """The write was refused or failed.

    `may_exist` is False when nothing of it was written. It is True when the disk failed while the data was being
    made durable: then either all of it or nothing will be there once the log is opened again.
    """

    def __init__(self, message: str, *, may_exist: bool = False) -> None:
        super().__init__(message)
        self.may_exist = may_exist
