"""Queries over a workspace's tasks: filter language, full text, sort and pages.

`Query.parse` reads what a client sent, `Index` holds the tasks, `index.run` gives the page of a `PageRequest`. The
language is documented in `syntax`, its fields in `fields`, the search text in `search`.
"""

from tasksys.query.compile import Context, compile_filter
from tasksys.query.entry import Entry, entry
from tasksys.query.errors import FilterError
from tasksys.query.index import Index
from tasksys.query.page import Page
from tasksys.query.parser import parse_filter
from tasksys.query.request import PageRequest, Query
from tasksys.query.sort import parse_sort
from tasksys.query.syntax import unparse

__all__ = [
    "Context", "Entry", "FilterError", "Index", "Page", "PageRequest", "Query", "compile_filter", "entry",
    "parse_filter", "parse_sort", "unparse",
]  # fmt: skip
