"""The title: the text without what was understood, and without quotes and backslashes that only protected something."""

from collections.abc import Iterable, Sequence
from typing import Final

from tasksys.quickadd.markers import unquoted
from tasksys.quickadd.words import Line

Span = tuple[int, int]
"""Characters from the first up to the second, which is not one of them."""

PARTING: Final = ",;"
LEADING: Final = ",;:"


def with_commas(text: str, spans: Sequence[Span]) -> list[Span]:
    """The spans with the commas that parted them from each other, and from the title at its ends.

    Spans are in order, and none is over another.
    """
    found: list[Span] = []
    for index, (start, end) in enumerate(spans):
        following = spans[index + 1][0] if index + 1 < len(spans) else len(text)
        parting = LEADING if not text[: found[0][0] if _reaches(text, found, start) else start].strip() else PARTING
        after = end
        while after < following and text[after] in parting:
            after += 1
        rest = text[after:following].strip()
        found.append((start, after if not rest or (parting is LEADING and text[after : after + 1].isspace()) else end))
    return _without_comma_before(text, found)


def _reaches(text: str, spans: Sequence[Span], place: int) -> bool:
    """True if there are spans, and nothing but space between them and up to the place."""
    ends = [*(start for start, _ in spans[1:]), place]
    return bool(spans) and all(not text[end:start].strip() for (_, end), start in zip(spans, ends, strict=True))


def _without_comma_before(text: str, spans: list[Span]) -> list[Span]:
    """Where the text ends with spans, the first of them takes the comma in front of it."""
    place, limit = len(spans), len(text)
    while place > 0 and not text[spans[place - 1][1] : limit].strip():
        place -= 1
        limit = spans[place][0]
    if place == len(spans):
        return spans
    lowest = spans[place - 1][1] if place else 0
    before = text[lowest:limit].rstrip()
    kept = before.rstrip(PARTING)
    if kept == before or not kept.strip():
        return spans
    return [*spans[:place], (lowest + len(kept), spans[place][1]), *spans[place + 1 :]]


def title_of(line: Line, spans: Iterable[Span], needless: Iterable[Span]) -> str:
    """What is left. Where something is taken out, one space is left of those around it; the rest is as it was."""
    text, title, at, joint = line.text, "", 0, False
    pieces = sorted([(*span, False) for span in spans] + [(*span, True) for span in needless])
    for start, end, protected in [*pieces, (len(text), len(text), True)]:
        title = _joined(title, text[at:start], joint)
        joint = joint and not text[at:start].strip()
        if protected:
            title = _joined(title, _plain(text[start:end]), joint)
            joint = joint and start == end
        else:
            joint = True
        at = end
    return title.rstrip() if joint else title


def _joined(title: str, more: str, joint: bool) -> str:
    """The title and what follows: behind something that was taken out with one space, if there is any."""
    if not joint or not more:
        return title + more
    left, right = title.rstrip(), more.lstrip()
    if not right:
        return title + more
    spaced = bool(left) and more[:1].isspace()
    return f"{left} {right}" if spaced or (left and title != left and right[0] not in ",;.!?:") else f"{left}{right}"


def _plain(piece: str) -> str:
    """A piece in quotes without them; a backslash is left out."""
    return "" if piece == "\\" else unquoted(piece) if piece.startswith('"') else piece[1:-1]
