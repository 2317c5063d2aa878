"""Recurrence: RFC 5545 rules with RDATE, EXDATE and RFC 7529 SKIP, computed from their anchor; pure.

`recurrence(anchor, rule)` makes one from a `When` and a rule's text; `page` and `occurrences` give its times in a
range. `after_completion` is for rules that count from when a task was done. `describe_recurrence` says one in words,
and `read_phrase` reads what people type: `recurrence(anchor, rule_for(repeat.rule, read_anchor(anchor)))` joins it with
a due value. `occurrence_id` is how an occurrence is known.
"""

from tasksys.recurrence.anchors import Anchor, read_anchor
from tasksys.recurrence.completion import AfterCompletion, after_completion
from tasksys.recurrence.describing import describe, describe_recurrence
from tasksys.recurrence.identity import occurrence_id
from tasksys.recurrence.parsing import parse_rule, print_rule
from tasksys.recurrence.phrases import NotUnderstood, read_phrase
from tasksys.recurrence.recurrence import Occurrence, Page, Recurrence, recurrence
from tasksys.recurrence.repeat import Repeat, repeat_of, rule_for
from tasksys.recurrence.rule import ByDay, Frequency, Kind, Rule, Skip, Until, Weekday, explicit
from tasksys.recurrence.zones import instant_of, wall_time

__all__ = [
    "AfterCompletion", "Anchor", "ByDay", "Frequency", "Kind", "NotUnderstood", "Occurrence", "Page", "Recurrence",
    "Repeat", "Rule", "Skip", "Until", "Weekday", "after_completion", "describe", "describe_recurrence", "explicit",
    "instant_of", "occurrence_id", "parse_rule", "print_rule", "read_anchor", "read_phrase", "recurrence", "repeat_of",
    "rule_for", "wall_time",
]  # fmt: skip
