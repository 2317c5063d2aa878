"""Series: tasks that come again and again. `rules` says when, `advancing` opens them, `editing` changes one, some, all.

`shapes` are the values that commands, events and rows share; `deciding`, `evolving` and `undoing` are what they are
elsewhere in the domain; `figures` counts what became of the occurrences.
"""
