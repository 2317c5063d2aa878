"""Makes the configuration that Alertmanager runs: `python3 monitoring/alerting.py --help`. It needs Python alone.

`monitoring/alertmanager/alertmanager.yml` names every receiver there may be, and files with their secrets. Alertmanager
does not care whether these files are there until it has something to send, and then fails. So what has no secret is
left out: a receiver of which nothing is left tells nobody, and where nothing was set alerts are seen in pages only.

Secrets are files in one directory, each with one line: `slack_url` (an incoming webhook's), `pagerduty_key` (an
integration's, Events API v2), `smtp_password`. They never pass through here; what is written names their files.
"""

import argparse
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parent / "alertmanager/alertmanager.yml"
INSIDE: Final = "/etc/alertmanager/secrets"
"""Where Alertmanager sees the secrets, unless it is told otherwise."""

SETTINGS: Final[Mapping[str, str]] = {
    "TASKSYS_ALERT_SLACK_CHANNEL": "#tasksys-alerts",
    "TASKSYS_ALERT_EMAIL_TO": "oncall@example.com",
    "TASKSYS_ALERT_EMAIL_FROM": "tasksys-alerts@example.com",
    "TASKSYS_ALERT_SMTP": "smtp.example.com:587",
    "TASKSYS_ALERT_SMTP_USER": "smtp_auth_username: tasksys-alerts",
    "TASKSYS_ALERT_SMTP_TLS": "smtp_require_tls: true",
    "TASKSYS_ALERT_PAGERDUTY_URL": "https://events.pagerduty.com/v2/enqueue",
}
"""Each setting, and the example in the source in whose place it is put."""

_BLOCK: Final = re.compile(r"^ *# (if|end) (\w+)\n", re.MULTILINE)


class AlertingUnfit(ValueError):
    """A setting cannot be used; the message says which, why, and what would do."""


def present(secrets: Path, settings: Mapping[str, str]) -> frozenset[str]:
    """What can be used: `slack`, `pagerduty`, `email` and `email_password`. AlertingUnfit if e-mail is half set."""
    has = {name for name in ("slack_url", "pagerduty_key", "smtp_password") if _filled(secrets / name)}
    mail = [name for name in ("TASKSYS_ALERT_SMTP", "TASKSYS_ALERT_EMAIL_TO") if settings.get(name)]
    if len(mail) == 1:
        raise AlertingUnfit(f"{mail[0]} is set alone; e-mail needs TASKSYS_ALERT_SMTP and TASKSYS_ALERT_EMAIL_TO both")
    if mail and not re.fullmatch(r"\[?[\w.:-]+\]?:\d+", settings["TASKSYS_ALERT_SMTP"]):
        raise AlertingUnfit("TASKSYS_ALERT_SMTP is no HOST:PORT, such as smtp.example.com:587")
    found = {"slack": "slack_url" in has, "pagerduty": "pagerduty_key" in has, "email": bool(mail)}
    found["email_password"] = bool(mail) and "smtp_password" in has
    return frozenset(name for name, there in found.items() if there)


def _filled(path: Path) -> bool:
    return path.is_file() and bool(path.read_text().strip())


def render(settings: Mapping[str, str], there: frozenset[str], inside: str = INSIDE) -> str:
    """The configuration, with what is `there`; `inside` is the directory of secrets as Alertmanager sees it."""
    kept: list[str] = []
    text = SOURCE.read_text()
    position = 0
    open_blocks: list[str] = []
    for mark in _BLOCK.finditer(text):
        if all(name in there for name in open_blocks):
            kept.append(text[position : mark.start()])
        position = mark.end()
        if mark[1] == "if":
            open_blocks.append(mark[2])
        else:
            assert open_blocks.pop() == mark[2], mark[2]
    assert not open_blocks
    result = "".join(kept) + text[position:]
    for name, example in SETTINGS.items():
        value = settings.get(name, "")
        if value:
            result = result.replace(example, _written(name, value))
    return result.replace(INSIDE, inside)


def _written(name: str, value: str) -> str:
    if "\n" in value or '"' in value or "\\" in value:
        raise AlertingUnfit(f"{name} has a quote, a backslash or a line break in it")
    if name == "TASKSYS_ALERT_SMTP_TLS":
        if value not in ("on", "off"):
            raise AlertingUnfit(f"{name} is {value!r}; it is on or off")
        return f"smtp_require_tls: {'true' if value == 'on' else 'false'}"
    if name == "TASKSYS_ALERT_SMTP_USER":
        return f'smtp_auth_username: "{value}"'
    return value if name == "TASKSYS_ALERT_SLACK_CHANNEL" else f'"{value}"'  # the channel's example stands in quotes


def main() -> int:
    """Writes the configuration and says who will be told; 2 if a setting cannot be used."""
    parser = argparse.ArgumentParser(
        description="Makes Alertmanager's configuration of monitoring/alertmanager/alertmanager.yml, the environment "
        f"({', '.join(SETTINGS)}) and the secrets that there are."
    )
    parser.add_argument("--secrets", type=Path, required=True, help="the directory of the files with secrets")
    parser.add_argument("--inside", default=INSIDE, help="that directory as Alertmanager sees it (%(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="the file to write")
    chosen = parser.parse_args()
    try:
        there = present(chosen.secrets, os.environ)
        text = render(os.environ, there, chosen.inside)
    except AlertingUnfit as unfit:
        sys.stderr.write(f"{unfit}\n")
        return 2
    chosen.output.write_text(text)
    told = sorted(there - {"email_password"})
    sys.stdout.write(f"alerts go to {', '.join(told)}\n" if told else "alerts go nowhere yet: no receiver is set\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
