"""Quick add: a line such as `Buy milk tomorrow 9am #home !high @anna every monday`, read to a task or a series; pure.

`parse` gives the title, the fields, and which characters were understood and how; `Parsed.command` is the command that
makes it. What could as well be a part of the title is left there: only what is unambiguous counts. `protect` is a text
of which nothing is read.
"""

from tasksys.quickadd.markers import Named, Names
from tasksys.quickadd.parsing import TEXT_CHARACTERS, parse, protect
from tasksys.quickadd.readings import Kind
from tasksys.quickadd.repeating import Repeating
from tasksys.quickadd.result import Parsed, Understood

__all__ = ["TEXT_CHARACTERS", "Kind", "Named", "Names", "Parsed", "Repeating", "Understood", "parse", "protect"]
