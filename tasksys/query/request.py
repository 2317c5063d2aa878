"""A query as a client asks it: filter, search text and sort, read and checked."""

from datetime import datetime
from hashlib import blake2b
from typing import Final, Self

from msgspec import Struct

from tasksys.query.compile import mentions
from tasksys.query.errors import FilterError
from tasksys.query.fields import DESCRIPTION, TEXT, TRASHED
from tasksys.query.parser import parse_filter
from tasksys.query.search import Term, parse_search
from tasksys.query.sort import Sort, parse_sort
from tasksys.query.syntax import And, Comparison, Expression, Operator

LIVE: Final = Comparison(TRASHED, Operator.EQUAL, False)


class Query(Struct, frozen=True):
    """What to look for, and in which order. `digest` tells it from other queries, for its cursors.

    The filter leaves out what is in the trash unless it mentions `trashed`.
    """

    filter: Expression
    terms: tuple[Term, ...]
    sort: Sort
    digest: str

    @property
    def reads_texts(self) -> bool:
        """True if a condition looks into descriptions, which may be long."""
        return mentions(self.filter, DESCRIPTION) or mentions(self.filter, TEXT)

    @classmethod
    def parse(cls, filter: str = "", q: str = "", sort: str = "") -> Self | FilterError:
        """The query of those texts, each of which may be blank, or what is wrong with the first wrong one."""
        expression = parse_filter(filter) if filter.strip() else LIVE
        if isinstance(expression, FilterError):
            return expression
        if not mentions(expression, TRASHED):
            expression = And((LIVE, expression))
        terms = parse_search(q)
        if isinstance(terms, FilterError):
            return terms
        order = parse_sort(sort)
        if isinstance(order, FilterError):
            return order
        return cls(expression, terms, order, _digest(filter, q, sort))


def _digest(*texts: str) -> str:
    digest = blake2b(digest_size=9)
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    return digest.hexdigest()


class PageRequest(Struct, frozen=True):
    """A page of what a query finds: as of now (aware), for that user, at most `limit` (from 1) tasks behind the cursor.

    `count` asks how many there are on all pages.
    """

    query: Query
    now: datetime
    user: str | None = None
    limit: int = 50
    cursor: str | None = None
    count: bool = False
