"""Every bound of the domain in one place; what exceeds one is refused with the bound in the message."""

from typing import Final

TITLE_CHARACTERS: Final = 500
NAME_CHARACTERS: Final = 200
DESCRIPTION_BYTES: Final = 64 * 1024
COMMENT_BYTES: Final = 64 * 1024
LABELS_PER_TASK: Final = 100
LABEL_CHARACTERS: Final = 100
ASSIGNEES_PER_TASK: Final = 100
CHECKLIST_ITEMS: Final = 200
LINKS_PER_TASK: Final = 200
REMINDERS_PER_TASK: Final = 50
"""That wait or are shown; those that are over count as well, but more of them may be kept."""
REMINDERS_KEPT_PER_TASK: Final = 500
REMINDER_REPEATS: Final = 100
CATCH_UP_DAYS: Final = 366
CHANNELS_PER_USER: Final = 10
CONFIRMATIONS_PER_DAY: Final = 10
"""Mails that ask one user to confirm an address; they may go to strangers."""
CONFIRMED_KEPT: Final = 50
DEFAULT_REMINDERS: Final = 5
FILTERS_PER_USER: Final = 200
TARGET_CHARACTERS: Final = 2_000
DELIVERY_ERROR_CHARACTERS: Final = 300
OPEN_OF_SERIES: Final = 200
"""Tasks of one series that are open at once: it opens 100 by itself, people bring others back."""
SECTIONS_PER_PROJECT: Final = 200
SUBTASK_DEPTH: Final = 32
ESTIMATE_MINUTES: Final = 10 * 365 * 24 * 60
MEMBERS_PER_WORKSPACE: Final = 10_000
COMMANDS_PER_BATCH: Final = 100
ID_CHARACTERS: Final = 64
ORDER_CHARACTERS: Final = 256
PAGE_ITEMS: Final = 200
