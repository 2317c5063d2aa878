"""Cells of spreadsheets: written so that none is run as a formula, and read back as they were.

Spreadsheets run what begins with = + - @ as a formula, also behind a tab or line break. Such a text gets an apostrophe
in front, which spreadsheets take for "this is text". A text that begins with apostrophes and then one of these gets one
too: who reads the file back takes one apostrophe away wherever these follow.
"""

import re
from typing import Final

FORMULA: Final = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
"""The last four are the wide forms, which spreadsheets set to Chinese, Japanese or Korean take for the others."""

QUOTED: Final = re.compile('[,"\r\n]|^ | $')


def written(text: str) -> str:
    """One cell: harmless, and quoted where it must be."""
    safe = f"'{text}" if FORMULA.match(text) else text
    return '"' + safe.replace('"', '""') + '"' if QUOTED.search(safe) else safe


def read(text: str) -> str:
    """The text of a cell, without the apostrophe that made it harmless."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text
