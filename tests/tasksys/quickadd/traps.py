"""Texts in which something looks like a date, a mark or a phrase, and is none."""

from typing import Final

TRAPS: Final[list[str]] = [
    "", " ", "Buy  milk", "Read 1984", "May the fourth be with you", "Buy 2 sat nav", "Call Mark Mon",
    "Call Mark Mon.", "Watch Friday Night Lights", "Read The Day After Tomorrow", "Tomorrow Never Dies",
    "tomorrow never dies", "Tomorrow is Anna's birthday", "Buy Sunday Times", "Prepare Monday report",
    "Work on Monday report", "Prepare for monday", "Move the meeting to friday", "Clean up after tomorrow",
    "Work saturday and sunday", "Plan Black Friday", "Kiss Ruby Tuesday", "Every Breath You Take",
    "Every Day Is Like Sunday", "Read USA Today", "Today I learned", "Mail 3 may be late", "Order 3 march hares",
    "Read John 3:16", "Look at 9 houses", "Room 101", "Pay 3/15", "Pay 15.03.", "Pay by 3/15/2027",
    "Deadline 2026-13-45", "Pay 31 february 2027", "Fix 10:75", "Run 5k", "Cut spending by 5", "Watch Ocean's 11",
    "24/7 support", "Lunch from 9am to 11am", "Come between 9am and 11am", "Come around 9am",
    "Prepare the monthly report", "Weekly report", "Read the daily", "I hate Mondays", "Mondays", "Buy 24\" screen",
    "Take photo of the sunset", "Around the World in 80 Days", "Tell Anna tomorrow is fine", "9am", "Tomorrow",
    "tomorrow 9am #home", "every monday", "Enjoy the weekend", "Review 2026-03-15 minutes", "In 3 days",
    "Monday report", "9am standup", "Is it tomorrow?", "Read the March 15 issue", "High noon", "C:\\temp\\#x",
    "\\\\host", "Fly at midnight", "Buy sun cream", "The second of may", "Say \"hello\" to Anna",
    "To-do: one, two; three.", "every banana", "Thank each person", "Twice a week", "Remind", "in 99999 years",
    "in 99999999 days", "1:1 with Ben", "every 0 days", "Read C++ +plus", "¿Mañana? ☂ 明日", "#", "@", "!", "%", "~",
    "##home", "#home/", "Ask the p1", "on sat nav", "from friday until tomorrow", "Version 2.30",
    "3 x tomorrow's paper", "Work monday to friday", "Meeting 9am to 10am", "Meeting monday 9am - 10am",
    "Ask what is due tomorrow", "Meet friday of next week", "Once a year only sale", "Every day counts",
    "Every day is a gift", "every day except christmas", "Club of every day", "the last friday", "Come 1st",
    "Pay 15 march invoice", "Tomorrow Call Anna",
    "from monday until tomorrow", "Call Anna 13pm", "Gym every day until 2020-01-01", "Gym every 2 hours after done",
    "Gym every february on the 30th", "Pay 31 february", "Buy it monday, wednesday and friday",
    "Deploy friday 13 november",
    "Pay 2 weeks after completion of it", "Pay 3 days after", "Fly tonight at 1", "Fly at 12 tonight",
    "Friday the 13th movie night", "Take a pill every 8 hours for 5 days", "Backup every sunday night",
    "Stand by every weekday from 9am to 5pm", "Write every morning", "Meeting tomorrow 2pm-3pm", "Celebrate May day",
    "1st of may demo", "Turn clocks back last sunday of october", "Pay Visa 5th", "Run 10k in under 50 minutes",
    "Every Monday Night Football", "noon",
]  # fmt: skip
"""Texts that are titles as they are."""
