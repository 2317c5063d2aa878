"""The workspace that `tasksys use` remembered, by server and user, in the user's configuration folder."""

import json
import os
from pathlib import Path

import platformdirs

from tasksys.cli.failures import Failure


def file() -> Path:
    """Where it is remembered."""
    return platformdirs.user_config_path("tasksys", appauthor=False) / "workspaces.json"


def workspace(server: str) -> str:
    """The id of the workspace chosen for that server; empty if none was."""
    return _read().get(server, "")


def choose(server: str, identifier: str) -> None:
    """Remembers the workspace. Failure if the folder cannot be written."""
    where = file()
    try:
        where.parent.mkdir(parents=True, exist_ok=True)
        whole = where.with_name(f"{where.name}.{os.getpid()}")
        whole.write_text(json.dumps(_read() | {server: identifier}, indent=2) + "\n", encoding="utf-8")
        whole.replace(where)
    except OSError as error:
        raise Failure(f"{where} cannot be written ({error}); give --workspace or TASKSYS_WORKSPACE instead.") from error


def _read() -> dict[str, str]:
    try:
        found = json.loads(file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Failure(f"{file()} cannot be read ({error}); repair or delete it.") from error
    if not isinstance(found, dict):
        raise Failure(f"{file()} holds no list of workspaces; repair or delete it.")
    return {str(server): str(identifier) for server, identifier in found.items()}
