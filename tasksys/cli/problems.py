"""The server's answers: JSON, and problems (RFC 9457) as one readable error with its field errors."""

import json
from typing import Any

from tasksys.cli.failures import Exit, Failure, Refused

Json = dict[str, Any]


def decoded(status: int, raw: bytes, server: str) -> Json:
    """The object in an answer; {} for an empty one. Failure 3 if this is no server of ours."""
    if not raw:
        return {}
    try:
        answer = json.loads(raw)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Failure(
            f"What answers at {server} (status {status}) is no tasksys server; check --server or TASKSYS_SERVER.",
            Exit.UNREACHABLE,
        )
    return answer


def refused(status: int, problem: Json, server: str) -> Refused:
    """The problem as an error."""
    detail = str(problem.get("detail") or problem.get("title") or f"{server} answered with status {status}.")
    at = problem.get("position")
    lines = [f"{detail} (at character {at + 1})" if isinstance(at, int) and "parameter" in problem else detail]
    if here := [
        found["pointer"] for found in problem.get("errors", ()) if found.get("detail") == detail if found.get("pointer")
    ]:
        lines[0] += f" ({', '.join(here)})"
    if hint := problem.get("hint"):
        lines.append(f"  {hint}")
    for found in problem.get("errors", ()):
        if found.get("detail") != detail:
            lines.append(f"  {found.get('pointer', '')}: {found.get('detail', '')}")
    for event in problem.get("conflicts", ()):
        lines.append(f"  {event.get('position')}  {event.get('at')}  {event.get('actor')}  {event.get('type')}")
    if status == 401:
        lines.append("  Give a token with --token or TASKSYS_TOKEN.")
    return Refused("\n".join(lines), status, problem)
