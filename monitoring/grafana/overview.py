"""System Overview: whether it is well, what users feel, and where to look next.

Why so long: a dashboard is a list of panels, and each says what it is about.
"""

from typing import Final

from monitoring.grafana.common import (
    ALERTS,
    HERE,
    INSTANCE,
    STARTS,
    WINDOW,
    buckets,
    links,
    quantile,
    quantiles,
    rate,
)
from monitoring.grafana.model import Dashboard, Row
from monitoring.grafana.panels import (
    GREEN,
    ORANGE,
    RED,
    YELLOW,
    Gauge,
    Heat,
    Lines,
    LogLines,
    Stat,
    Step,
    Table,
    Traces,
)
from monitoring.grafana.queries import LogQuery, Query, TraceQuery
from monitoring.slo import OBJECTIVES

REQUESTS: Final = "tasksys_http_requests_total"
LATENCY: Final = "tasksys_http_request_duration_seconds"
FAILED: Final = f'{HERE}, code=~"5.."'

WELL: Final = Row("Is it well?", (
    Stat(
        "Availability",
        "Share of requests in the last hour that were not answered by a fault of ours (5xx). The objective is 99.9 %. "
        "Below it, see *Failed requests* for the routes, then the log lines at the bottom.",
        (Query(
            f"1 - (sum(rate({REQUESTS}{{{FAILED}}}[1h])) or vector(0)) / sum(rate({REQUESTS}{{{HERE}}}[1h]))"
        ),),
        unit="percentunit", decimals=3, base=RED, steps=(Step(0.995, ORANGE), Step(0.999, GREEN)),
        runbook="HttpErrorBudgetBurn", quiet="No requests yet",
    ),
    Gauge(
        "Error budget left",
        "What is left of the 0.1 % of requests that may fail, over the time that is shown: choose 30 days to see the "
        "objective's own window. At 0 the objective is missed: no risky change until it has recovered.",
        (Query(
            f"clamp_min(1 - (sum(increase({REQUESTS}{{{FAILED}}}[$__range])) or vector(0))"
            f" / (sum(increase({REQUESTS}{{{HERE}}}[$__range])) * 0.001), -1)"
        ),),
        unit="percentunit", height=4, minimum=0, maximum=1, base=RED, steps=(Step(0.25, ORANGE), Step(0.5, GREEN)),
        runbook="HttpErrorBudgetBurn", quiet="No requests yet",
    ),
    Stat(
        "Slow requests",
        "The time that 99 of 100 requests stay below. The objective is 0.25 s; above 1 s people notice. If "
        "it grows with *Commands on their way*, the fold or the log is slow, otherwise this process.",
        (Query(quantile(0.99, LATENCY)),), unit="s",
        steps=(Step(0.25, YELLOW), Step(1, RED)), runbook="HttpLatencyBudgetBurn", quiet="No requests yet",
    ),
    Stat(
        "Oldest work not done",
        "How old the oldest record is that some agent has not folded. Seconds are usual under load; minutes mean that "
        "an agent is behind or stands still: see *Consumer Lag & Replay*.",
        (Query(f"max(tasksys_consumer_lag_seconds{{{HERE}}})"),), unit="s",
        steps=(Step(10, YELLOW), Step(60, RED)), runbook="ConsumerLagging",
    ),
    Stat(
        "Agents ready",
        "Agents whose tables are recovered and that fold, of all there are. Below 100 % something is starting, "
        "recovering or broken: see *Agents*.",
        (Query(f"sum(tasksys_agent_ready{{{HERE}}}) / count(tasksys_agent_ready{{{HERE}}})"),),
        unit="percentunit", base=RED, steps=(Step(1, GREEN),), runbook="AgentNotReady",
    ),
    Stat(
        "Alerts firing",
        "Alerts that fire now, the watchdog, which always does, left out. They are listed below under *What is wrong "
        "now*.",
        (Query('count(ALERTS{alertstate="firing", severity=~"critical|warning"}) or vector(0)'),),
        steps=(Step(1, ORANGE), Step(5, RED)), runbook="TasksysDown",
    ),
    Lines(
        "How fast budgets are spent",
        "What was bad in the last hour, over all workers, as a multiple of what each objective allows. At 1 a budget "
        "lasts for its 30 days; above 6 for hours, or 14.4 for one, somebody is called. No line: nothing happened.",
        tuple(
            Query(f"{objective.record('1h')} / {objective.budget:g}", f"{objective.percent:g} % {objective.promise}")
            for objective in OBJECTIVES
        ),
        width=24, height=8, minimum=0, decimals=1, fill=0,
        steps=(Step(1, YELLOW), Step(6, ORANGE), Step(14.4, RED)), runbook="HttpErrorBudgetBurn",
        quiet="Nothing was asked of us in the last hour",
    ),
))  # fmt: skip

FELT: Final = Row("What users feel", (
    Lines(
        "Requests by answer",
        "Requests a second by the answer's status. 4xx are refusals and mistakes of clients; 5xx are ours. A sudden "
        "fall to nothing is as bad as a rise of 5xx: look whether the entry reaches us.",
        (Query(f'sum by (code) (rate({REQUESTS}{{{HERE}}}[{WINDOW}]))', "{{code}}"),), unit="reqps", stack=True,
        runbook="HttpErrorBudgetBurn", quiet="No requests yet",
    ),
    Lines(
        "How long requests take",
        "From the head of a request to the end of its answer. The dots are single requests with a trace: click one to "
        "see where its time went. 99 % above the line for minutes: users wait.",
        quantiles(LATENCY, exemplars=True), unit="s", minimum=0, steps=(Step(0.25, YELLOW), Step(1, RED)),
        runbook="HttpLatencyBudgetBurn", quiet="No requests yet",
    ),
    Heat(
        "Requests by duration",
        "Each column is a moment, each cell how many requests took about so long. A second band above the usual one "
        "means that some requests wait for something: a lock, a disk, a broker.",
        (buckets(LATENCY),), unit="s", runbook="HttpLatencyBudgetBurn",
    ),
    Lines(
        "Failed requests",
        "Answers with 5xx a second, by route. Usually nothing. 503 on writes only: the log or the fold is away; on "
        "everything: the process; 500: a bug, whose log line has the request's id.",
        (Query(f'sum by (route, code) (rate({REQUESTS}{{{FAILED}}}[{WINDOW}]))', "{{code}} {{route}}"),), unit="reqps",
        runbook="HttpErrorBudgetBurn", quiet="None failed", minimum=0,
    ),
    Table(
        "Routes",
        "Every route with its traffic and its slow requests, the slowest first. One slow route: its query or its "
        "export is large; all of them: see *Resources*.",
        (
            Query(quantile(0.99, LATENCY, "route")),
            Query(f"sum by (route) (rate({LATENCY}_count{{{HERE}}}[{WINDOW}]))"),
        ),
        unit="s", columns=(("route", "Route"),), values=("99 % below", "Requests/s"), key="route",
        overrides=({
            "matcher": {"id": "byName", "options": "Requests/s"},
            "properties": [{"id": "unit", "value": "reqps"}],
        },),
        quiet="No requests yet",
    ),
    Lines(
        "At the door",
        "Connections that are open, requests being answered, and connections turned away because too many were open. "
        "Any that was turned away means that the limit is reached or that somebody floods. Requests about what other "
        "workers have are handed on to them; while one is away they wait for the next, and fail after 15 seconds.",
        (
            Query(f"sum(tasksys_http_connections{{{HERE}}})", "open"),
            Query(f"sum(tasksys_http_requests_in_flight{{{HERE}}})", "being answered"),
            Query(rate("tasksys_http_connections_turned_away_total"), "turned away/s"),
            Query(rate("tasksys_http_forwarded_total", "result"), "other workers': {{result}}/s"),
        ),
        minimum=0,
    ),
))  # fmt: skip

COMMANDS: Final = Row("What became of commands", (
    Lines(
        "Commands by outcome",
        "Commands that were folded a second. Refused is a client's affair; replayed are repeated requests, many of "
        "them mean that clients get no answers; any that is dead could not be folded at all.",
        (Query(rate("tasksys_commands_total", "outcome"), "{{outcome}}"),), unit="ops", stack=True,
        runbook="DeadLettersWaiting", quiet="No commands yet",
    ),
    Lines(
        "From append to outcome",
        "How long a command takes until it is durable, decided and answered: the log, the lane, the fold and its "
        "transaction. Compare with *Transactions* of the agent `commands`.",
        quantiles("tasksys_command_duration_seconds", exemplars=True), unit="s", minimum=0,
        steps=(Step(0.5, YELLOW), Step(1, RED)), runbook="CommandLatencyBudgetBurn", quiet="No commands yet",
    ),
    Lines(
        "Why commands were refused",
        "Refusals a second by their code. A rise of `version_conflict` means that clients edit the same things; of "
        "`forbidden`, that somebody lost their rights or a client is wrong.",
        (Query(rate("tasksys_command_refusals_total", "code"), "{{code}}"),), unit="ops", minimum=0,
        quiet="None refused",
    ),
    Lines(
        "Commands on their way",
        "Commands that were sent and are not answered yet. It follows the load; when it grows and stays, the log does "
        "not acknowledge or the fold stands still.",
        (Query(f"sum by (instance) (tasksys_commands_in_flight{{{HERE}}})", "{{instance}}"),), minimum=0,
        runbook="ConsumerLagging",
    ),
    Lines(
        "What happened",
        "Events that became durable a second: the ten most frequent types. It shows what users do, and whether one "
        "client does the same thing again and again.",
        (Query(f"topk(10, {rate('tasksys_events_total', 'type')})", "{{type}}"),), unit="ops", stack=True,
        quiet="No events yet",
    ),
    Lines(
        "What could not be done",
        "Appends that failed or of which nothing is certain, and records that became dead letters, a second. Usually "
        "nothing. Appends fail when the log is away or its disk is full.",
        (
            Query(rate("tasksys_append_failures_total"), "appends failed"),
            Query(rate("tasksys_dead_letters_total", "reason"), "dead letters: {{reason}}"),
        ),
        unit="ops", minimum=0, runbook="DeadLettersWaiting",
    ),
))  # fmt: skip

OUT: Final = Row("What reaches people", (
    Lines(
        "Live feed",
        "Clients that are connected, by how. A sharp fall is a network or an entry that lost them; they come back by "
        "themselves, so look whether they do.",
        (Query("sum by (kind) (tasksys_feed_connections{" + HERE + "})", "{{kind}}"),), minimum=0,
        runbook="FeedDropping",
    ),
    Lines(
        "Told and dropped",
        "Messages that clients were told a second, and messages dropped because a client read too slowly. Some drops "
        "are one bad network; many mean that we write too much or are too busy.",
        (
            Query(rate("tasksys_feed_messages_total"), "told"),
            Query(rate("tasksys_feed_dropped_messages_total"), "dropped"),
        ),
        unit="ops", minimum=0, runbook="FeedDropping",
    ),
    Lines(
        "Reminders late",
        "How late reminders fire: 99 of 100 below this. The objective is a minute; hours after an outage are reminders "
        "that were made up for. Otherwise the agent `reminders` is behind.",
        (Query(quantile(0.99, "tasksys_reminder_lateness_seconds"), "99 %"),), unit="s", minimum=0,
        steps=(Step(5, YELLOW), Step(60, RED)), runbook="RemindersLate", quiet="None fired lately",
    ),
    Lines(
        "Deliveries by result",
        "Attempts to deliver a second. `retried` will be tried again, `failed` was given up. One channel that fails "
        "is that service; all of them are our way out, or the server's key.",
        (Query(rate("tasksys_deliveries_total", "result"), "{{result}}"),), unit="ops", minimum=0,
        runbook="DeliveriesFailing", quiet="Nothing was to be delivered", width=24, height=6,
    ),
))  # fmt: skip

RESOURCES: Final = Row("What it costs", (
    Lines(
        "Processor",
        "Cores that each worker uses. One worker is one process with one event loop: near 1 it is full, and requests "
        "wait.",
        (Query(f'rate(process_cpu_seconds_total{{job="tasksys", {HERE}}}[{WINDOW}])', "{{instance}}"),),
        minimum=0, decimals=2, width=6, steps=(Step(0.9, RED),), runbook="EventLoopBlocked",
    ),
    Lines(
        "Memory",
        "Resident memory of each worker. It grows until caches are full (states, indexes, blocks of RocksDB) and "
        "stays; growth without an end is a leak.",
        (Query(f'process_resident_memory_bytes{{job="tasksys", {HERE}}}', "{{instance}}"),),
        unit="bytes", minimum=0, width=6,
    ),
    Lines(
        "Event loop late by",
        "How late the event loop woke up, 99 of 100 below this. Above 0.1 s everything of that worker waits: a large "
        "query, a large series, or a disk that blocks.",
        (Query(quantile(0.99, "tasksys_event_loop_delay_seconds", "instance"), "{{instance}}"),),
        unit="s", minimum=0, width=6, steps=(Step(0.1, YELLOW), Step(0.5, RED)), runbook="EventLoopBlocked",
    ),
    Lines(
        "Open files",
        "Descriptors in use as a share of what the process may have. Near 1 connections are refused and RocksDB "
        "cannot open its files.",
        (Query(
            f'process_open_fds{{job="tasksys", {HERE}}} / process_max_fds{{job="tasksys", {HERE}}}', "{{instance}}"
        ),),
        unit="percentunit", minimum=0, maximum=1, width=6, steps=(Step(0.8, RED),), runbook="TooManyDescriptors",
    ),
))  # fmt: skip

WHY: Final = Row("What is wrong now", (
    Table(
        "Alerts",
        "What fires now. Each has a runbook and is told to whom its severity says; `Watchdog` always fires and shows "
        "that the way of alerts works.",
        (Query('sum by (alertname, severity, component, instance, agent) (ALERTS{alertstate="firing"})'),),
        columns=(
            ("alertname", "Alert"), ("severity", "Severity"), ("component", "Component"),
            ("instance", "Worker"), ("agent", "Agent"),
        ),
        values=("Firing",), sort="Severity", width=10, quiet="Not even the watchdog: rules are not evaluated",
    ),
    Table(
        "What runs",
        "Workers that are scraped, with their release, Python and log. Two releases side by side are a deployment "
        "under way, or one that stopped half way.",
        (Query(f"sum by (instance, version, python, transport) (tasksys_build_info{{{HERE}}})"),),
        columns=(("instance", "Worker"), ("version", "Release"), ("python", "Python"), ("transport", "Log")),
        values=("Up",), sort="Worker", width=7, quiet="No worker is scraped",
    ),
    Lines(
        "Lines logged",
        "Warnings and errors a second. Each error is worth reading: they are below.",
        (Query(
            f'sum by (level) (rate(tasksys_logged_lines_total{{{HERE}, level=~"warning|error|critical"}}[{WINDOW}]))',
            "{{level}}",
        ),),
        unit="ops", minimum=0, width=7, runbook="ErrorsLogged", quiet="None",
    ),
    LogLines(
        "Warnings and errors",
        "The log itself, from warnings up. A line with a `trace_id` leads to its trace; `request_id` is what the "
        "client was told.",
        (LogQuery('{service="tasksys", level=~"warning|error|critical"}'),), runbook="ErrorsLogged",
    ),
    Traces(
        "Slow traces",
        "Sampled requests of the last time that took longer than half a second. A trace shows which of append, lane, "
        "fold, transaction and store it waited for.",
        (TraceQuery("tasksys", longer="500ms"),),
    ),
))  # fmt: skip

DASHBOARD: Final = Dashboard(
    "tasksys-overview",
    "tasksys / System Overview",
    "Start here: from the objectives through what users feel to what is wrong now.",
    (WELL, FELT, COMMANDS, OUT, RESOURCES, WHY),
    variables=(INSTANCE,), annotations=(ALERTS, STARTS), links=links("tasksys-overview"),
)  # fmt: skip
