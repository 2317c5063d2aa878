"""Another implementation of RFC 5545 and RFC 7529, lib-recur, for tests to compare with: one process for many rules."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
INSTALL = ROOT / "tests/support/jars.sh"
CACHE = ROOT / ".cache/rrule"


class Question(Struct, frozen=True):
    """A rule's text, its DTSTART (20260131 or 20260131T090000), its zone (or none), and how many occurrences."""

    rule: str
    start: str
    zone: str
    limit: int


class Answer(Struct, frozen=True):
    """The local times, and the instants if there is a zone; or why the rule was refused."""

    locals: list[datetime]
    instants: list[datetime | None]
    error: str = ""


def expand(questions: Sequence[Question], seconds: float = 300) -> list[Answer]:
    """The answers, in order. Installs the jars first, where they are not there yet."""
    subprocess.run([INSTALL, "rrule"], check=True)
    java = (CACHE / "java").read_text(encoding="utf-8").strip()
    text = "".join(f"{one.rule}\t{one.start}\t{one.zone}\t{one.limit}\n" for one in questions)
    done = subprocess.run(
        [java, "-XX:+UseSerialGC", "-Xmx256m", "-cp", f"{CACHE}/lib/*", ROOT / "tests/support/rrule/Oracle.java"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds,
    )
    answers = [_answer(json.loads(line)) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions), done.stderr
    return answers


def _answer(found: list[tuple[str, int | None]] | dict[str, str]) -> Answer:
    if isinstance(found, dict):
        return Answer([], [], found["error"])
    return Answer(
        [datetime.strptime(local[:15] if "T" in local else f"{local}T000000", "%Y%m%dT%H%M%S") for local, _ in found],
        [None if stamp is None else datetime.fromtimestamp(stamp / 1000, UTC) for _, stamp in found],
    )
