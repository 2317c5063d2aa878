"""Exchange: files of others, and exports of ours, as plans of ordinary commands.

A file becomes `Wanted` tasks (`export` reads our own JSON, `csv_tasks` spreadsheets, `todoist` its templates), and
those become `Step`s of commands (`plan`). Ids, those of the commands too, are the file's own or made of what it says,
so that an import can be repeated. Calendars have a package of their own, `ical`.
"""
