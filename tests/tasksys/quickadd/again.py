"""Texts about what comes again, and the series that each must come to; read when and where `vectors` are."""

from typing import Any, Final

from tests.tasksys.quickadd.vectors import FRIDAY, MONDAY, TODAY, TOMORROW

AGAIN: Final[list[tuple[str, str, str, str, dict[str, Any]]]] = [
    ("Gym every monday", "Gym", "FREQ=WEEKLY;BYDAY=MO", MONDAY, {}),
    ("Gym every monday 9am", "Gym", "FREQ=WEEKLY;BYDAY=MO", "2026-11-30T09:00", {}),
    ("Gym 9am every monday", "Gym", "FREQ=WEEKLY;BYDAY=MO", "2026-11-30T09:00", {}),
    ("Gym every thursday", "Gym", "FREQ=WEEKLY;BYDAY=TH", TODAY, {}),
    ("Gym every thursday at 9", "Gym", "FREQ=WEEKLY;BYDAY=TH", "2026-12-03T09:00", {}),
    ("Gym every thursday at 11", "Gym", "FREQ=WEEKLY;BYDAY=TH", "2026-11-26T11:00", {}),
    ("Gym tomorrow every monday", "Gym", "FREQ=WEEKLY;BYDAY=MO", MONDAY, {}),
    ("Gym every monday 2026-12-07", "Gym", "FREQ=WEEKLY;BYDAY=MO", "2026-12-07", {}),
    ("Gym every 2 weeks on monday", "Gym", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", MONDAY, {}),
    ("Gym every mon, wed and fri for 1h", "Gym", "FREQ=WEEKLY;BYDAY=MO,WE,FR", FRIDAY, {
        "template": {"title": "Gym", "estimate_minutes": 60},
    }),
    ("Every monday call Anna", "call Anna", "FREQ=WEEKLY;BYDAY=MO", MONDAY, {}),
    ("Every other week water the cactus", "water the cactus", "FREQ=WEEKLY;INTERVAL=2", TODAY, {}),
    ("Every Monday and Thursday: gym", "gym", "FREQ=WEEKLY;BYDAY=MO,TH", TODAY, {}),
    ("Call mom every day about the pills", "Call mom about the pills", "FREQ=DAILY", TODAY, {}),
    ("Water plants every 3 days", "Water plants", "FREQ=DAILY;INTERVAL=3", TODAY, {}),
    ("Water plants every 3 days tomorrow", "Water plants", "FREQ=DAILY;INTERVAL=3", TOMORROW, {}),
    ("Water plants every 3 days after done", "Water plants", "FREQ=DAILY;INTERVAL=3", TODAY, {
        "after_completion": True,
    }),
    ("Water plants every! 3 days", "Water plants", "FREQ=DAILY;INTERVAL=3", TODAY, {"after_completion": True}),
    ("Water plants every 3 days after done, 5 times", "Water plants", "FREQ=DAILY;INTERVAL=3", TODAY, {
        "after_completion": True, "stop_after": 5,
    }),
    ("File taxes every month on the last friday at 9am, 10 times", "File taxes", "FREQ=MONTHLY;COUNT=10;BYDAY=-1FR",
     "2026-11-27T09:00", {}),
    ("Pay rent every month on the 1st", "Pay rent", "FREQ=MONTHLY;BYMONTHDAY=1", "2026-12-01", {}),
    ("Pay rent every month", "Pay rent", "FREQ=MONTHLY", TODAY, {}),
    ("Pay rent on the 1st of every month", "Pay rent", "FREQ=MONTHLY;BYMONTHDAY=1", "2026-12-01", {}),
    ("Pay rent 1st and 15th of each month", "Pay rent", "FREQ=MONTHLY;BYMONTHDAY=1,15", "2026-12-01", {}),
    ("Meet the last friday of every month at 9", "Meet", "FREQ=MONTHLY;BYDAY=-1FR", "2026-11-27T09:00", {}),
    ("Every monday at 9am, 10 times Gym", "Gym", "FREQ=WEEKLY;COUNT=10;BYDAY=MO", "2026-11-30T09:00", {}),
    ("Take pills twice a day every day", "Take pills twice a day", "FREQ=DAILY", TODAY, {}),
    ("Do yoga once a week", "Do yoga", "FREQ=WEEKLY", TODAY, {}),
    ("Pay rent every 31st", "Pay rent", "FREQ=MONTHLY;BYMONTHDAY=31", "2026-12-31", {}),
    ("Celebrate every year on march 3", "Celebrate", "FREQ=YEARLY;BYMONTHDAY=3;BYMONTH=3", "2027-03-03", {}),
    ("Stretch every day at 9am and 5pm", "Stretch", "FREQ=DAILY;BYMINUTE=0;BYHOUR=9,17", "2026-11-26T17:00", {}),
    ("Stretch every 2 hours", "Stretch", "FREQ=HOURLY;INTERVAL=2", "2026-11-26T11:00", {}),
    ("Stretch on weekdays", "Stretch", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", TODAY, {}),
    ("Stretch daily", "Stretch", "FREQ=DAILY", TODAY, {}),
    ("Stretch daily 8am", "Stretch", "FREQ=DAILY", "2026-11-27T08:00", {}),
    ("Yoga on tuesdays and thursdays", "Yoga", "FREQ=WEEKLY;BYDAY=TU,TH", TODAY, {}),
    ("Gym every friday starting 4 December", "Gym", "FREQ=WEEKLY;BYDAY=FR", "2026-12-04", {}),
    ("Gym every day until 1 May", "Gym", "FREQ=DAILY;UNTIL=20270501", TODAY, {}),
    ("Gym every monday 9am until 1 May", "Gym", "FREQ=WEEKLY;UNTIL=20270501T215959Z;BYDAY=MO", "2026-11-30T09:00", {}),
    ("Gym from monday until wednesday every 2 weeks", "Gym", "FREQ=WEEKLY;INTERVAL=2", "2026-12-02", {
        "template": {"title": "Gym", "start_before": "P2D"},
    }),
    ("Gym every monday at 9 remind me 30 minutes before #home", "Gym", "FREQ=WEEKLY;BYDAY=MO", "2026-11-30T09:00", {
        "template": {
            "title": "Gym", "project": "home", "reminders": [{"trigger": {"before": "PT30M", "of": "due"}}],
        },
    }),
    ("Gym every monday at 9 remind at 8:15", "Gym", "FREQ=WEEKLY;BYDAY=MO", "2026-11-30T09:00", {
        "template": {"title": "Gym", "reminders": [{"trigger": {"before": "PT45M", "of": "due"}}]},
    }),
    ("Gym every monday remind at 8:15", "Gym remind at 8:15", "FREQ=WEEKLY;BYDAY=MO", MONDAY, {}),
    ("Gym every monday at 9 remind at 10:15", "Gym remind at 10:15", "FREQ=WEEKLY;BYDAY=MO", "2026-11-30T09:00", {}),
    ("Run tomorrow every day at 9am and 5pm", "Run", "FREQ=DAILY;BYMINUTE=0;BYHOUR=9,17", "2026-11-27T09:00", {}),
    ("Stretch 5pm every day at 9am", "Stretch 5pm", "FREQ=DAILY", "2026-11-27T09:00", {}),
    ("Stretch every 10 days until done 5 times", "Stretch", "FREQ=DAILY;INTERVAL=10", TODAY, {"stop_after": 5}),
    ("Pay rent, on the 1st of every month", "Pay rent", "FREQ=MONTHLY;BYMONTHDAY=1", "2026-12-01", {}),
    ("Gym each saturday evening at 8", "Gym", "FREQ=WEEKLY;BYDAY=SA", "2026-11-28T20:00", {}),
    ("Gym every saturday at 8 in the evening", "Gym", "FREQ=WEEKLY;BYDAY=SA", "2026-11-28T20:00", {}),
    ("Gym every saturday morning at 9", "Gym", "FREQ=WEEKLY;BYDAY=SA", "2026-11-28T09:00", {}),
    ("Water plants 3 days after completion", "Water plants", "FREQ=DAILY;INTERVAL=3", TODAY, {
        "after_completion": True,
    }),
    ("Gym every day #home every monday", "Gym every day", "FREQ=WEEKLY;BYDAY=MO", MONDAY, {
        "template": {"title": "Gym every day", "project": "home"},
    }),
]  # fmt: skip
"""Text, title, rule, first date, and what else the command has."""
