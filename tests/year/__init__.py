"""A demonstration: a year of a household's and two teams' recurring tasks and reminders, with outages, accounted for.

    python -m tests.year                                             a year on the embedded log, then on Kafka
    python -m tests.year --days 35 --transports embedded --seed 7

A real node lives through the year with a clock that is set: from one instant at which anything falls due to the next.
People complete, skip, postpone, move, edit, pause and undo, as a seed says (`people`, `script`). Every few weeks the
node is stopped for hours or days, and some of its starts are killed while they catch up (`living`). At the end the
event log is held against what must have been (`accounting`, `bells`).

What is independent: the accounts know nothing of `tasksys.series`' rules and moves, `tasksys.firing`,
`tasksys.recurrence` and `tasksys.durations`. Dates are found by asking of each day whether it is one (`dates`,
`plans`); local times become instants by the standard library (`plans.moment`, `bells.before`); what people did is what
they wrote down themselves, and outages are those that were made (`ledger`). What the log says is folded anew
(`folding`), with no more of the system than the decoder of its events. Only the pace is the system's: the clock stops
where the state says that something is due, so what the state forgets shows as missing, late or never fired.
"""
