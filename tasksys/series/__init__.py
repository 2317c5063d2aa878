"""Series: tasks that come again and again. `rules` says when, `advancing` opens them, `editing` changes one, some, all.

`shapes` are the values that commands, events and rows share; `deciding`, `evolving` and `undoing` are what they are
elsewhere in the domain, and `putting_off` decides what is commanded of an occurrence's task; `figures` counts what
became of the occurrences.
"""
