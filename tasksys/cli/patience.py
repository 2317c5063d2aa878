"""What a command says while nobody answers it: once, after two seconds, what it waits for, and until when."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import click

from tasksys.cli.failures import AS_JSON

logger = logging.getLogger("tasksys")

SILENT_SECONDS: Final = 2.0
"""Whoever waits for longer is told so."""

KAFKA_SECONDS: Final = 10.0
"""How long each broker has that is named; with one that answers the others are not needed."""

Say = Callable[[str, datetime | None], None]


class Note:
    """What is waited for, and until when."""

    def __init__(self, what: str, until: datetime | None, say: Say) -> None:
        self._what, self._until, self._say = what, until, say
        self._told = False

    def tell(self) -> None:
        """Says it."""
        self._told = True
        self._say(self._what, self._until)

    def change(self, what: str) -> None:
        """Somebody knows more of what is waited for: who has been told already is told again."""
        if what != self._what:
            self._what = what
            if self._told:
                self.tell()


@contextmanager
def noted(what: str, seconds: float | None = None, say: Say | None = None) -> Iterator[Note]:
    """Says what is waited for if that takes its time, and that it ends after so many seconds, if it does.

    In a running event loop. `say` is told what, and until when.
    """
    until = None if seconds is None else datetime.now().astimezone() + timedelta(seconds=seconds)
    note = Note(what, until, say or tell)
    later = asyncio.get_running_loop().call_later(SILENT_SECONDS, note.tell)
    try:
        yield note
    finally:
        later.cancel()


@asynccontextmanager
async def bounded(what: str, seconds: float, say: Say | None = None) -> AsyncIterator[Note]:
    """The same, and raises TimeoutError then."""
    with noted(what, seconds, say) as note:
        async with asyncio.timeout(seconds):
            yield note


async def answering(broker: Any, say: Say | None = None) -> None:
    """Waits until one of Kafka's brokers answers; an embedded log is here. Raises BrokerUnavailable."""
    from streams import admin

    if broker.directory is None:
        seconds = KAFKA_SECONDS * len(broker.servers.split(","))
        try:
            async with bounded(f"Kafka at {broker.servers} to answer", seconds, say):
                await admin.reach(broker)
        except TimeoutError as error:
            raise broker.unavailable(error) from error


def sentence(what: str, until: datetime | None) -> str:
    """For people."""
    return f"Waiting for {what}{f', until {until:%H:%M:%S}' if until else ''}; Ctrl-C gives up."


def log(what: str, until: datetime | None) -> None:
    """For who reads the log."""
    logger.warning("%s", sentence(what, until))


def tell(what: str, until: datetime | None) -> None:
    """On standard error; as JSON where --json was given, as errors are."""
    context = click.get_current_context(silent=True)
    if context is not None and context.meta.get(AS_JSON):
        told = {"for": what} | ({"until": until.isoformat(timespec="seconds")} if until else {})
        click.echo(json.dumps({"waiting": told}), err=True)
    else:
        click.echo(sentence(what, until), err=True)
