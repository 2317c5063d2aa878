"""iCalendar (RFC 5545): rows to calendars, and files to plans of commands; pure.

`todos.todo` and `events.event` make the component of a task, `calendar` what stands around it. `lines.calendars` reads
a file, `reading.todo` one of its VTODOs, and `plan.plan` says what is to be done with them all. Texts are escaped, and
components with their parameters read, by ourselves on top of the library's lines: see `lines` and `writing` for why.
"""
