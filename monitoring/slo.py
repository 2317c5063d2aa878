"""Service-level objectives, and the rules of Prometheus that follow from them: `python -m monitoring.slo` writes them.

An objective says which share of what happens has to be good over 30 days; what may be bad is its *budget*. An alert
says that the budget is being spent too fast: at 14.4 times the rate at which it would last for 30 days, an hour takes
2 % of it. Each alert looks at two windows: the long one says that it matters, the short one that it goes on. That is
the way of Google's Site Reliability Workbook, chapter 5.

What is written is `monitoring/prometheus/rules/slo.yml`; a test holds it against what stands here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

RULES: Final = Path(__file__).parent / "prometheus/rules/slo.yml"

WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
"""The windows over which the share of what was bad is recorded."""


@dataclass(frozen=True)
class Burn:
    """How fast a budget is spent, over which windows, for how long until somebody is told, and how urgently."""

    factor: float
    long: str
    short: str
    lasting: str
    severity: str


BURNS: Final = (
    Burn(14.4, "1h", "5m", "2m", "critical"),  # 2 % of the budget in an hour
    Burn(6.0, "6h", "30m", "15m", "critical"),  # 5 % in six
    Burn(3.0, "1d", "2h", "1h", "warning"),  # 10 % in a day
    Burn(1.0, "3d", "6h", "3h", "warning"),  # 10 % in three: it will not last for 30
)


@dataclass(frozen=True)
class Objective:
    """One objective. `bad` is the expression of the share that was bad, of a window that it calls `WINDOW`."""

    name: str
    alert: str
    component: str
    percent: float
    promise: str
    """What is promised, as the end of a sentence: '99.9 % of ...'."""
    bad: str
    total: str
    """The counter of all that is judged."""
    least: int
    """How many there have to be in the long window, so that one mishap in a quiet hour wakes nobody."""
    dashboard: str

    @property
    def budget(self) -> float:
        """The share that may be bad."""
        return round(1 - self.percent / 100, 6)

    def record(self, window: str) -> str:
        """The name of the rule that records the share of what was bad."""
        return f"job:{self.name}:ratio_rate{window}"


def _slow(histogram: str, bound: str) -> str:
    """The share of what was measured that took longer than the bucket's bound."""
    return (
        f'1 - sum by (job) (rate({histogram}_bucket{{le="{bound}"}}[WINDOW]))'
        f" / sum by (job) (rate({histogram}_count[WINDOW]))"
    )


OBJECTIVES: Final = (
    Objective(
        "tasksys_http_errors", "HttpErrorBudgetBurn", "api", 99.9, "of requests are answered without a fault of ours",
        '(sum by (job) (rate(tasksys_http_requests_total{code=~"5.."}[WINDOW]))'
        " or 0 * sum by (job) (rate(tasksys_http_requests_total[WINDOW])))"
        " / sum by (job) (rate(tasksys_http_requests_total[WINDOW]))",
        "tasksys_http_requests_total", 100, "overview",
    ),
    Objective(
        "tasksys_http_slow", "HttpLatencyBudgetBurn", "api", 99.0, "of requests are answered within 250 ms",
        _slow("tasksys_http_request_duration_seconds", "0.25"),
        "tasksys_http_request_duration_seconds_count", 100, "overview",
    ),
    Objective(
        "tasksys_append_failures", "CommandDurabilityBudgetBurn", "log", 99.95,
        "of records that are sent to the log become durable",
        "sum by (job) (rate(tasksys_append_failures_total[WINDOW]))"
        " / (sum by (job) (rate(tasksys_append_duration_seconds_count[WINDOW]))"
        " + sum by (job) (rate(tasksys_append_failures_total[WINDOW])))",
        "tasksys_append_failures_total", 5, "storage",
    ),
    Objective(
        "tasksys_command_slow", "CommandLatencyBudgetBurn", "fold", 99.0,
        "of commands have their outcome within 500 ms",
        _slow("tasksys_command_duration_seconds", "0.5"),
        "tasksys_command_duration_seconds_count", 100, "agents",
    ),
    Objective(
        "tasksys_reminder_late", "ReminderLatenessBudgetBurn", "delivery", 99.0,
        "of reminders fire within a minute of their instant", _slow("tasksys_reminder_lateness_seconds", "60.0"),
        "tasksys_reminder_lateness_seconds_count", 10, "agents",
    ),
)  # fmt: skip


def _recording(objective: Objective, window: str) -> str:
    return (
        f"      - record: {objective.record(window)}\n"
        f"        expr: >-\n          {objective.bad.replace('WINDOW', window)}\n"
    )


def _alert(objective: Objective, burn: Burn) -> str:
    promise = f"{objective.percent:g} % {objective.promise}"
    bound = f"{burn.factor:g} * {objective.budget:g}"
    short = objective.record(burn.short)
    return f"""\
      - alert: {objective.alert}
        expr: >-
          {objective.record(burn.long)} > {bound} and {short} > {bound}
          and sum by (job) (increase({objective.total}[{burn.long}])) >= {objective.least}
        for: {burn.lasting}
        labels:
          severity: {burn.severity}
          component: {objective.component}
          window: {burn.long}
        annotations:
          summary: The budget of "{promise}" is spent at more than {burn.factor:g} times its rate
          description: >-
            {{{{ $value | humanizePercentage }}}} of the last {burn.long} was bad, where {objective.budget * 100:g} %
            may be in 30 days. Look at {short} for what it is now.
          runbook_url: "{{{{ $externalLabels.runbooks }}}}/{objective.alert}.md"
          dashboard_url: "{{{{ $externalLabels.dashboards }}}}/d/tasksys-{objective.dashboard}"
"""


def rules() -> str:
    """The file of rules: for each objective what was bad over each window, and its alerts."""
    text = "# Made by `python -m monitoring.slo` of the objectives in monitoring/slo.py; change those.\ngroups:\n"
    for objective in OBJECTIVES:
        text += f"  - name: {objective.name}\n    rules:\n"
        text += "".join(_recording(objective, window) for window in WINDOWS)
        text += "".join(_alert(objective, burn) for burn in BURNS)
    return text


if __name__ == "__main__":
    RULES.write_text(rules())
