"""What a newcomer to the API must know before its addresses: short sections on top of the reference."""

from collections.abc import Iterable
from html import escape
from typing import Final

from tasksys.query.fields import FIELDS, OPERATORS, Kind
from tasksys.query.sort import COLUMNS
from tasksys.values import LinkType, Priority, Status
from views.codes import CODES, TYPE
from views.context import POSITION_HEADER

VALUES: Final = {
    Kind.STATUS: ", ".join(Status),
    Kind.PRIORITY: ", ".join(Priority),
    Kind.FLAG: "true, false",
    Kind.NUMBER: "a whole number: 3",
    Kind.MINUTES: "minutes: 90, 90min, 2h",
    Kind.WHEN: "a day or a time, see below",
    Kind.INSTANT: "a day or a time, see below",
    Kind.IDENTIFIER: "an id",
    Kind.PLACE: "an id or a name",
    Kind.NAMES: "a name: home",
    Kind.USERS: "a user's id, or me",
    Kind.LINKS: ", ".join(LinkType),
    Kind.TEXT: "text",
    Kind.ANY_TEXT: "text in title, description or labels",
}
EXAMPLES: Final = (
    ("status = open and due < today+3d", "open, and due before the day after tomorrow ends"),
    ("priority >= high and label in (urgent, home)", "pressing, with one of two labels"),
    ("assignee = me and due is empty", "mine, without a date"),
    ("due < now and not status in (done, cancelled)", "overdue"),
    ('title ~ "milk" or project = Household', "by text, or in a project by its name"),
    ("trashed = true", "in the trash; without this, a filter never finds what is there"),
)


def sections() -> list[tuple[str, str, str]]:
    """Id, title and HTML of each section."""
    return [
        ("who-asks", "Who asks", _paragraphs(
            "With tokens, send `Authorization: Bearer …`; the token's `sub` is the user. A server without "
            "authentication "
            "listens to its own machine only, and believes the header `Tasksys-Actor: anna` (else the user is "
            "`local`).",
            "Who is not a member of a workspace gets 404 there, as if it did not exist. Roles, from most to least: "
            "owner, admin, editor, commenter, viewer.",
        )),
        ("writing", "Writing safely", _paragraphs(
            "`Idempotency-Key: …` (1 to 64 of A-Z a-z 0-9 _ -) names a command. Repeated under the same key, it is "
            "applied "
            "once and answered as it was the first time, with `Idempotent-Replayed: true`, whatever was changed since: "
            "after a timeout, just send it again. Keys are kept for at least 7 days.",
            'Answers have an `ETag`, the version. Sent back as `If-Match: "3"`, the change is made only if nobody was '
            "faster, or else answered 412 with the events in between. Without it, edits of different fields both win.",
            "`Prefer: respond-async` does not wait for the outcome, `Prefer: wait=5` that many seconds at most; then "
            "the "
            "answer is 202, and `Location` tells the outcome.",
            'PATCH takes the fields to change; null clears one. In the body, dates are `{"date": "2026-03-08"}`, '
            '`{"local": "2026-03-08T09:00", "zone": "Europe/Berlin"}`, or the latter without a zone.',
        )),
        ("quick-add", "Quick add", _paragraphs(
            "`POST /api/v1/parse` reads a line such as `Buy milk tomorrow 9am #home !high @anna ~30m every monday` and "
            "answers with the command to send, and with what each span of the line means. It makes nothing.",
            "A `#name` is the project of that name, or `#Project/Section`, else a label; a `%name` is always a label. "
            "Names with spaces are quoted: `#\"Home and garden\"`. Days and times are those of `zone`. What could as "
            "well be a part of the title stays in it, what is in quotes or behind a backslash is not read, and of two "
            "dates the last one counts.",
        )),
        ("positions", "Positions", _paragraphs(
            "Everything that happens in a workspace has a position, counted from 1. A write answers with "
            f"`{POSITION_HEADER}`; "
            "a read with `?min_position=N`, or that header, waits until it shows at least that.",
            "An answer with `Tasksys-Stale: true` may be of an earlier position than the last write: a server that "
            "keeps a copy gives it while the one that has the workspace is not known, and to who sends "
            "`Tasksys-Read: standby` and would rather have an old answer than wait.",
            "`?as_of=` a position, or an instant such as `2026-03-08T09:00:00Z`, shows the state then. Lists are in "
            "pages: "
            "send `next_cursor` as `cursor` for the next one, until it is null.",
        )),
        ("filter-language", "Filters", _filters()),
        ("sorting", "Sorting", _paragraphs(
            "`sort=due,-priority,order` names columns from the most to the least weighty, with - for descending. "
            "There are "
            f"{', '.join(f'`{name}`' for name in COLUMNS)}. Tasks without a value come last; no sort is the manual "
            "order.",
        )),
        ("problems", "Problems", _problems()),
    ]  # fmt: skip


def _paragraphs(*texts: str) -> str:
    return "".join(f"<p>{marked(text)}</p>" for text in texts)


def marked(text: str) -> str:
    """Escaped, with what stands between backquotes as code."""
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table that scrolls by itself where it is too wide; cells are HTML."""
    titles = "".join(f"<th>{one}</th>" for one in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'


def _filters() -> str:
    fields = [
        (f"<code>{name}</code>", escape(" ".join(OPERATORS[field.kind]) + (", is empty" if field.empty else "")),
         escape(VALUES[field.kind]))
        for name, field in FIELDS.items()
    ]  # fmt: skip
    return (
        _paragraphs(
            "`filter=` takes conditions with `and`, `or`, `not` and parentheses: a field, an operator, a value. `in` "
            "takes "
            "a list, `~` means that it contains a text; quote a text with spaces.",
        )
        + table(("Example", "Finds"), ((f"<code>{escape(one)}</code>", escape(said)) for one, said in EXAMPLES))
        + table(("Field", "Operators", "Values"), fields)
        + _paragraphs(
            "A day is `2026-03-08`, a time `2026-03-08T09:00` (in the workspace's zone) or `2026-03-08T09:00Z`. "
            "Counted "
            "from `now`, `today`, `tomorrow`, `yesterday` or a weekday: `today+3d`, `now-4h`, `monday+1w`, with y, m, "
            "w, d, "
            "h, min. `due <= today` takes in all of today. In an address, write + as %2B, or leave it a space.",
        )
    )


def _problems() -> str:
    return _paragraphs(
        "What goes wrong is answered as `application/problem+json`: a stable `code`, a `detail` that says what to do, "
        "and "
        '`errors`, each with a `pointer` into the body that was sent, such as "/labels/1". A problem of the moment has '
        "`Retry-After`. The `type` is the address of a page about the code:",
    ) + table(
        ("Status", "Code", "What it means, and what to do"),
        (
            (str(status.value), f'<a href="{TYPE}{code}"><code>{code}</code></a>', marked(says))
            for code, (status, says) in sorted(CODES.items(), key=lambda one: (one[1].status, one[0]))
        ),
    )
