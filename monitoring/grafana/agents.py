"""Agents: what each of them folds, how fast, and what comes of it for people.

Why so long: a dashboard is a list of panels, and each says what it is about.
"""

from typing import Final

from monitoring.grafana.common import (
    AGENT,
    AGENTS,
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
    Heat,
    Lines,
    LogLines,
    Stat,
    States,
    Step,
    Table,
    Traces,
)
from monitoring.grafana.queries import LogQuery, Query, TraceQuery

READY: Final = (
    {"type": "value", "options": {
        "0": {"text": "not ready", "color": RED, "index": 0}, "1": {"text": "ready", "color": GREEN, "index": 1},
    }},
)  # fmt: skip

WELL: Final = Row("Do they work?", (
    States(
        "Ready",
        "Whether each agent's tables are recovered and it folds. Red for seconds at a start or a rebalance is usual; "
        "longer: see the log lines below, then *Consumer Lag & Replay* for its recovery.",
        (Query(f"min by (agent) (tasksys_agent_ready{{{AGENT}}})", "{{agent}}"),), width=10, height=7,
        base=RED, steps=(Step(1, GREEN),), mappings=READY, runbook="AgentNotReady",
    ),
    Table(
        "At a glance",
        "Each agent with its lag, its speed, and what went wrong in the time that is shown. Any stopped partition "
        "needs an operator: its workspaces stand still.",
        (
            Query(f"max by (agent) (tasksys_consumer_lag_seconds{{{AGENT}}})"),
            Query(f"sum by (agent) (rate(tasksys_fold_batch_records_sum{{{AGENT}}}[{WINDOW}]))"),
            Query(f"sum by (agent) (tasksys_agent_stopped_partitions{{{AGENT}}})"),
            Query(f"sum by (agent) (increase(tasksys_agent_restarts_total{{{AGENT}}}[$__range]))"),
            Query(f"sum by (agent) (increase(tasksys_fold_failures_total{{{AGENT}}}[$__range]))"),
        ),
        columns=(("agent", "Agent"),), key="agent", width=14, height=7, decimals=1,
        values=("Lag (s)", "Records/s", "Stopped", "Restarts", "Failures"), runbook="PartitionStopped",
    ),
))  # fmt: skip

FOLDS: Final = Row("Folds and their transactions", (
    Lines(
        "Records folded",
        "Records that each agent folds a second. All but `commands` fold what that one wrote; an agent whose line "
        "falls while the others go on is in trouble.",
        (Query(f"sum by (agent) (rate(tasksys_fold_batch_records_sum{{{AGENT}}}[{WINDOW}]))", "{{agent}}"),),
        unit="ops", minimum=0, runbook="PartitionStalled",
    ),
    Lines(
        "Records at once",
        "How many records a batch has, on average. Load makes batches larger by itself; at the bound (500) the agent "
        "is behind.",
        (Query(
            f"sum by (agent) (rate(tasksys_fold_batch_records_sum{{{AGENT}}}[{WINDOW}]))"
            f" / sum by (agent) (rate(tasksys_fold_batch_records_count{{{AGENT}}}[{WINDOW}]))",
            "{{agent}}",
        ),),
        minimum=0, decimals=1,
    ),
    Lines(
        "How old records become",
        "From the append of a batch's oldest record until its effects were durable, 99 of 100 below this. It is what "
        "a user waits for the agent; minutes after a start are what came meanwhile.",
        (Query(quantile(0.99, "tasksys_record_age_seconds", "agent", AGENT), "{{agent}}"),), unit="s", minimum=0,
        steps=(Step(10, YELLOW), Step(60, RED)), runbook="ConsumerLagging",
    ),
    Lines(
        "Folding",
        "How long a batch is folded, without its transaction, 99 of 100 below this. It is Python's time: it grows "
        "with the batch, and with commands that have many events.",
        (Query(quantile(0.99, "tasksys_fold_duration_seconds", "agent", AGENT), "{{agent}}", exemplars=True),),
        unit="s", minimum=0, steps=(Step(0.5, RED),), runbook="EventLoopBlocked",
    ),
    Lines(
        "Transactions",
        "How long a transaction takes to become durable, 99 of 100 below this. The log's and the disk's time: when "
        "all agents rise together, look there (*Storage & Infrastructure*).",
        (Query(quantile(0.99, "tasksys_transaction_duration_seconds", "agent", AGENT), "{{agent}}", exemplars=True),),
        unit="s", minimum=0, steps=(Step(0.25, YELLOW), Step(1, RED)), runbook="TransactionsAborting",
    ),
    Lines(
        "Aborted and failed",
        "Transactions that were aborted, and batches that could not be folded, a second. Aborts belong to rebalances; "
        "without one, brokers are slow. A failure stops its partition.",
        (
            Query(
                f'sum by (agent) (rate(tasksys_transactions_total{{{AGENT}, result="aborted"}}[{WINDOW}]))',
                "{{agent}} aborted",
            ),
            Query(f"sum by (agent) (rate(tasksys_fold_failures_total{{{AGENT}}}[{WINDOW}]))", "{{agent}} failed"),
        ),
        unit="ops", minimum=0, runbook="FoldFailing",
    ),
))  # fmt: skip

REMINDERS: Final = Row("Reminders", (
    Lines(
        "Reminders fired",
        "Reminders whose time came, a second. `late` ones were made up for after an outage, `passed_over` ones were "
        "too old to be of use.",
        (Query(rate("tasksys_reminders_fired_total", "result"), "{{result}}"),), unit="ops", stack=True, minimum=0,
        runbook="RemindersLate", quiet="None fired lately",
    ),
    Heat(
        "Lateness",
        "From the instant of each reminder until it was decided that it fires. One band near the bottom is right; a "
        "second band rising from it is an agent that falls behind.",
        (buckets("tasksys_reminder_lateness_seconds"),), unit="s", runbook="RemindersLate", quiet="None fired lately",
    ),
    Lines(
        "Late by",
        "The same as lines: half and 99 of 100 below. The objective is that 99 of 100 fire within a minute.",
        quantiles("tasksys_reminder_lateness_seconds", exemplars=True), unit="s", minimum=0,
        steps=(Step(5, YELLOW), Step(60, RED)), runbook="RemindersLate", quiet="None fired lately",
    ),
))  # fmt: skip

SERIES: Final = Row("What is due: reminders and series", (
    Lines(
        "Due and not done",
        "What is due in the timelines and was not folded yet, counted up to 1,000 a partition. It is 0 most of the "
        "time; a backlog that does not shrink means that nobody turns what is due into commands.",
        (Query("sum by (agent) (tasksys_timeline_overdue{" + AGENT + "})", "{{agent}}"),), minimum=0,
        runbook="TimelineOverdue",
    ),
    Lines(
        "Due since",
        "How long the oldest of it is due. It must not grow as fast as the clock.",
        (Query("max by (agent) (tasksys_timeline_overdue_seconds{" + AGENT + "})", "{{agent}}"),), unit="s", minimum=0,
        steps=(Step(5, YELLOW), Step(60, RED)), runbook="TimelineOverdue",
    ),
    Lines(
        "Tasks of series",
        "Tasks that series have opened a second. A peak at midnight of a zone is usual.",
        (Query(rate("tasksys_series_occurrences_total"), "opened"),), unit="ops", minimum=0, table=False,
        runbook="TimelineOverdue",
    ),
))  # fmt: skip

DELIVERIES: Final = Row("Deliveries", (
    Lines(
        "Attempts by channel",
        "Attempts to deliver a second, by the kind of channel and what came of it. One kind that only fails: its "
        "service, or our way there.",
        (Query(rate("tasksys_deliveries_total", "channel, result"), "{{channel}} {{result}}"),), unit="ops", stack=True,
        minimum=0, runbook="DeliveriesFailing", quiet="Nothing was to be delivered",
    ),
    Lines(
        "Delivered at the first go",
        "The share of attempts that were delivered, by kind. Webhooks of users fail now and then; below half "
        "something is wrong on our side.",
        (Query(
            f'sum by (channel) (rate(tasksys_deliveries_total{{{HERE}, result="delivered"}}[{WINDOW}]))'
            f" / sum by (channel) (rate(tasksys_deliveries_total{{{HERE}}}[{WINDOW}]))",
            "{{channel}}",
        ),),
        unit="percentunit", minimum=0, maximum=1, base=RED, steps=(Step(0.5, ORANGE), Step(0.9, GREEN)),
        runbook="DeliveriesFailing", quiet="Nothing was to be delivered",
    ),
    Lines(
        "How long attempts take",
        "99 of 100 attempts are shorter, by kind. Near the bound (10 s) the other side does not answer, and its lane "
        "waits for it.",
        (Query(
            quantile(0.99, "tasksys_delivery_duration_seconds", "channel"), "{{channel}}", exemplars=True
        ),),
        unit="s", minimum=0, steps=(Step(5, YELLOW),), runbook="DeliveriesFailing", quiet="Nothing was to be delivered",
    ),
    Stat(
        "Letters waiting",
        "Letters in memory that wait for an attempt, or for its record. Each channel keeps a few here and the rest in "
        "its table.",
        (Query(f"sum(tasksys_deliveries_waiting{{{HERE}}})"),), width=4, height=6, background=False,
        runbook="DeliveriesFailing",
    ),
    Traces(
        "Traces of deliveries",
        "Sampled deliveries that ended with an error. The trace begins at the firing and shows what the other side "
        "answered.",
        (TraceQuery("tasksys", tags='error=true span.kind=client'),), width=20, height=6,
    ),
))  # fmt: skip

AUDIT: Final = Row("Audit and history", (
    Lines(
        "Events and history",
        "Events that became durable a second, and events that the audit chained into the history. They are equal but "
        "for a moment; a gap that stays is the lag of `audit`.",
        (
            Query(rate("tasksys_events_total"), "events"),
            Query(f'sum(rate(tasksys_fold_batch_records_sum{{{HERE}, agent="audit"}}[{WINDOW}]))', "chained"),
        ),
        unit="ops", minimum=0, runbook="ConsumerLagging",
    ),
    Lines(
        "Age of history",
        "How far the history is behind the state, in seconds. `as_of`, undo and the feed's past read it.",
        (Query(f'max by (instance) (tasksys_consumer_lag_seconds{{{HERE}, agent="audit"}})', "{{instance}}"),),
        unit="s", minimum=0, steps=(Step(10, YELLOW), Step(60, RED)), runbook="ConsumerLagging",
    ),
    Lines(
        "Size of history",
        "Bytes of the history's table: it has every event, so it grows with each. Plan the disk by it.",
        (Query(f'sum by (instance) (tasksys_store_size_bytes{{{HERE}, store="audit"}})', "{{instance}}"),),
        unit="bytes", minimum=0, runbook="DiskNearlyFull",
    ),
))  # fmt: skip

FEED: Final = Row("Live feed", (
    Lines(
        "Delay",
        "From a durable batch until its messages were written to connections. 20 ms are waited for on purpose; more "
        "than 0.25 s: too many clients for one worker, or a busy event loop.",
        quantiles("tasksys_feed_delay_seconds", exemplars=True), unit="s", minimum=0,
        steps=(Step(0.25, YELLOW), Step(1, RED)),
        runbook="FeedDropping", quiet="Nobody is connected",
    ),
    Lines(
        "Waiting for clients",
        "Messages that wait for clients to read what they were sent. A client that stops reading gathers some "
        "thousand, then its line is dropped.",
        (Query(f"sum by (instance) (tasksys_feed_waiting_messages{{{HERE}}})", "{{instance}}"),), minimum=0,
        runbook="FeedDropping",
    ),
    Lines(
        "Resyncs and drops",
        "Messages that were dropped, and clients told to subscribe again for that reason, a second.",
        (
            Query(rate("tasksys_feed_dropped_messages_total"), "dropped"),
            Query(rate("tasksys_feed_resyncs_total"), "told to subscribe again"),
        ),
        unit="ops", minimum=0, runbook="FeedDropping",
    ),
    Lines(
        "Connections",
        "Clients that are connected, by kind and worker.",
        (Query(f"sum by (kind, instance) (tasksys_feed_connections{{{HERE}}})", "{{kind}} {{instance}}"),), minimum=0,
    ),
    Lines(
        "Messages",
        "Messages that clients were told as they happened, a second: what happens times who looks.",
        (Query(rate("tasksys_feed_messages_total", "instance"), "{{instance}}"),), unit="ops", minimum=0,
    ),
    Lines(
        "Closed by us",
        "Connections that the server closed a second, by code: 4401 a token that expired, 4403 a member who was "
        "removed, 4409 a fold that began anew, 4429 a flood, 1001 a shutdown.",
        (Query(rate("tasksys_feed_closed_total", "code"), "{{code}}"),), unit="ops", minimum=0, quiet="None",
        runbook="FeedDropping",
    ),
), closed=True)  # fmt: skip

SAID: Final = Row("What they said", (
    LogLines(
        "Log of the agents",
        "Lines of the chosen agents, from warnings up. The line says which workspace and partition.",
        (LogQuery('{service="tasksys", agent=~"$agent", level=~"warning|error|critical"}'),), height=9,
        runbook="ErrorsLogged",
    ),
))  # fmt: skip

DASHBOARD: Final = Dashboard(
    "tasksys-agents",
    "tasksys / Agents",
    "What each agent folds, how fast, and what comes of it: reminders, series, deliveries, history and the live feed.",
    (WELL, FOLDS, REMINDERS, SERIES, DELIVERIES, AUDIT, FEED, SAID),
    variables=(INSTANCE, AGENTS), annotations=(ALERTS, STARTS), links=links("tasksys-agents"),
)  # fmt: skip
