"""What a recurrence comes to, before anything is made of it."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Annotated, Any, Final, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from tasksys.recurrence import (
    AfterCompletion,
    Occurrence,
    Recurrence,
    after_completion,
    describe_recurrence,
    read_anchor,
)
from tasksys.recurrence import recurrence as recurrence_of
from tasksys.refusals import sentence
from tasksys.values import When, instant
from views.context import answer, body, parameters, workspace
from views.decoding import wrong_field
from views.problems import invalid
from views.routes import WS, Route

T = TypeVar("T")

MOST: Final = 200


class RecurrencePreview(Struct, forbid_unknown_fields=True):
    """An RFC 5545 rule, with the SKIP of RFC 7529, from its first occurrence on; its times are of the anchor's kind."""

    rule: Annotated[str, Meta(description="Such as FREQ=MONTHLY;BYDAY=-1FR;COUNT=4")]
    anchor: When
    rdate: list[str] = []
    exdate: list[str] = []
    after_completion: bool = False
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 10


class OccurrenceShape(Struct):
    """A time of a recurrence: a date, or a local time with its zone and instant if it has any."""

    local: str
    zone: str | None
    instant: str | None


class Occurrences(Struct):
    """The first occurrences, in words too. `truncated`: there are more, or may be after a long search."""

    items: list[OccurrenceShape]
    description: str
    truncated: bool


async def preview(request: web.Request) -> web.StreamResponse:
    """The first occurrences of a recurrence; of one after completion, if each is done on its day. Makes nothing."""
    parameters(request)
    await workspace(request)
    try:
        wanted = msgspec.convert(await body(request), RecurrencePreview)
    except msgspec.ValidationError as error:
        raise wrong_field(str(error)) from error
    made = _made(wanted)
    if isinstance(made, AfterCompletion):
        found = list(islice(_one_after_another(made), wanted.limit + 1))
        items, truncated = found[: wanted.limit], len(found) > wanted.limit
    else:
        page = made.page(limit=wanted.limit)
        items, truncated = list(page.items), page.truncated or page.given_up
    return answer(Occurrences([_shape(made, one) for one in items], describe_recurrence(made), truncated))


def _made(wanted: RecurrencePreview) -> Recurrence | AfterCompletion:
    """The recurrence; a problem that points to the first field with which it cannot be."""
    anchor, rule = wanted.anchor, wanted.rule
    _without_error("/anchor", lambda: read_anchor(anchor))
    if not wanted.after_completion:
        _without_error("/rule", lambda: recurrence_of(anchor, rule))
        _without_error("/rdate", lambda: recurrence_of(anchor, rule, wanted.rdate))
        return _without_error("/exdate", lambda: recurrence_of(anchor, rule, wanted.rdate, wanted.exdate))
    for name in ("rdate", "exdate"):
        if getattr(wanted, name):
            raise invalid(f"/{name}", "A recurrence after completion has no fixed times; leave this out.")
    return _without_error("/rule", lambda: after_completion(anchor, rule))


def _without_error(pointer: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except ValueError as error:
        raise invalid(pointer, sentence(error)) from error


def _one_after_another(made: AfterCompletion) -> Iterator[Occurrence]:
    """Each is done on its day."""
    one: Occurrence | None = next(made.recurrence.occurrences(), None)
    count = 0
    while one is not None:
        yield one
        count += 1
        one = made.following(one.local.date(), count)


def _shape(made: Recurrence | AfterCompletion, one: Occurrence) -> OccurrenceShape:
    anchor = made.recurrence.anchor if isinstance(made, AfterCompletion) else made.anchor
    zone = None if anchor.zone is None else anchor.zone.key
    return OccurrenceShape(anchor.text(one.local), zone, None if one.instant is None else instant(one.instant))


ROUTES: Final[list[Any]] = [
    Route(
        "POST", f"{WS}/recurrence/preview", preview, "What a recurrence comes to", "recurrence", Occurrences,
        body=RecurrencePreview, name="preview_recurrence",
    ),
]  # fmt: skip
