"""The search text `q`: `milk "fresh bread" -butter`.

Each word is the beginning of a word of the task's title, labels or description, without case and accents; words in
quotes stand together in that order; a minus excludes. A word with punctuation inside, such as `e-mail`, is its parts
together. It is lenient, for it is typed live: a quote that nothing closes goes to the end, and what has no letter is
ignored.
"""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from tasksys.query import bounds
from tasksys.query.errors import FilterError
from tasksys.query.folding import words
from tasksys.rows import Task


class Term(Struct, frozen=True):
    """Words that stand together. The last one is the beginning of a word unless they are `whole`."""

    words: tuple[str, ...]
    whole: bool = False
    excluded: bool = False

    def stands_in(self, document: str) -> bool:
        """True if the words stand in the document, in one of its fields."""
        return f" {' '.join(self.words)}{' ' if self.whole else ''}" in document


TERM: Final = re.compile(r'(-?)(?:"([^"]*)(?:"|\Z)|([^\s"]+))')


def parse_search(text: str) -> tuple[Term, ...] | FilterError:
    """The terms of a search, none if it restricts nothing."""
    if len(text) > bounds.SEARCH_CHARACTERS:
        detail = f"A search has at most {bounds.SEARCH_CHARACTERS:,} characters; this one has {len(text):,}."
        return FilterError(bounds.SEARCH_CHARACTERS, detail, "Shorten it.", "q")
    terms: list[Term] = []
    for match in TERM.finditer(text):
        excluded, quoted, word = match.groups()
        if found := words(word if quoted is None else quoted):
            terms.append(Term(tuple(found), whole=quoted is not None, excluded=bool(excluded)))
        if len(terms) > bounds.SEARCH_TERMS:
            detail = f"A search has at most {bounds.SEARCH_TERMS} words and phrases."
            return FilterError(match.start(), detail, "Leave some out.", "q")
    return tuple(terms)


def document(task: Task) -> str:
    """The task's words as they are searched: a line of its own for the title, each label and the description.

    Before and after each word is a space, so that a phrase is found as a part of the text.
    """
    left = bounds.WORDS_PER_TASK
    lines: list[str] = []
    for text in (task.title, *task.labels, task.description):
        found = words(text)[:left]
        left -= len(found)
        lines.append(f" {' '.join(found)} ")
    return "\n".join(lines)


def holds(terms: Iterable[Term], document: str) -> bool:
    """True if every term holds in the document."""
    return all(term.stands_in(document) is not term.excluded for term in terms)
