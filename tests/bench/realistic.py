"""Tasks that look like people's: what benchmarks and the demonstration create."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

TODAY = date(2026, 3, 8)
VERBS = ("Buy", "Call", "Write", "Review", "Book", "Fix", "Plan", "Order", "Send", "Clean", "Prepare", "Return")
THINGS = (
    "milk and bread",
    "the dentist",
    "the quarterly report",
    "flights to Lisbon",
    "the leaking tap",
    "Anna's birthday",
    "printer paper",
    "the contract",
    "the garage",
    "slides for Monday",
    "the library books",
    "winter tyres",
)
LABELS = ("home", "urgent", "errand", "phone", "waiting", "deep-work", "finance", "garden")
PRIORITIES = ("none", "none", "none", "low", "medium", "high", "urgent")
NOTES = (
    "",
    "",
    "Ask *Sam* first; the number is in the shared notes.",
    "- compare three offers\n- check the reviews\n- decide by Friday",
    "See the mail of last week, and mind the budget.",
)


def title(choose: random.Random, number: int) -> str:
    """A title; the number makes it one of its own."""
    return f"{choose.choice(VERBS)} {choose.choice(THINGS)} ({number})"


def due(choose: random.Random) -> dict[str, str]:
    """A due value within some months: a date, or a wall time in a zone."""
    day = (TODAY + timedelta(days=choose.randint(-20, 90))).isoformat()
    if choose.random() < 0.3:
        return {"local": f"{day}T{choose.randint(7, 20):02d}:{choose.choice(('00', '30'))}", "zone": "Europe/Berlin"}
    return {"date": day}


def task_fields(choose: random.Random, number: int) -> dict[str, Any]:
    """A new task's fields, as POST …/tasks takes them: 30 to 300 bytes of JSON."""
    fields: dict[str, Any] = {"title": title(choose, number), "priority": choose.choice(PRIORITIES)}
    if choose.random() < 0.7:
        fields["due"] = due(choose)
    if labels := choose.sample(LABELS, choose.choice((0, 0, 1, 1, 2, 3))):
        fields["labels"] = labels
    if note := choose.choice(NOTES):
        fields["description"] = note
    if choose.random() < 0.3:
        fields["estimate_minutes"] = choose.choice((5, 15, 30, 60, 120))
    return fields
