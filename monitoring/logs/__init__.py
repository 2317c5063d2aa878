"""Logs of every process: JSON lines for machines, or colours for whoever watches a terminal.

Who logs uses Python's `logging`, with `extra` for what is special to the line. What lines have in common is bound where
work begins (`bound`, `only`), and found there by every line that is written meanwhile, also by libraries.
"""

from monitoring.logs.context import begin, bound, current, note, only
from monitoring.logs.forms import FIELDS, JsonFormatter, PrettyFormatter
from monitoring.logs.output import FORMATS, LEVELS, QUIET, Noise, configure, finish

__all__ = [
    "FIELDS",
    "FORMATS",
    "LEVELS",
    "QUIET",
    "JsonFormatter",
    "Noise",
    "PrettyFormatter",
    "begin",
    "bound",
    "configure",
    "current",
    "finish",
    "note",
    "only",
]
