"""Consumer Lag & Replay: how far who is behind, why, and when it will have caught up.

Why so long: a dashboard is a list of panels, and each says what it is about.
"""

from typing import Final

from monitoring.grafana.common import (
    AGENT,
    AGENTS,
    ALERTS,
    HERE,
    INSTANCE,
    PARTITION,
    PARTITIONS,
    STARTS,
    WINDOW,
    links,
    rate,
)
from monitoring.grafana.model import Dashboard, Row
from monitoring.grafana.panels import BLUE, ORANGE, RED, YELLOW, Bars, Gauge, Lines, LogLines, Stat, States, Step, Table
from monitoring.grafana.queries import LogQuery, Query

COMMANDS: Final = f'{HERE}, agent="commands"'
NO_BROKER: Final = "No broker to ask"
GROUP: Final = 'group=~"tasksys-($agent)", partition=~"$partition"'

WELL: Final = Row("Is anybody behind?", (
    Stat(
        "Oldest record",
        "How old the oldest record is that some agent has not folded, as the workers see it. This is what users feel. "
        "Above a minute: find the agent below, then ask whether it is slow, stopped or recovering.",
        (Query(f"max(tasksys_consumer_lag_seconds{{{PARTITION}}})"),), unit="s",
        steps=(Step(10, YELLOW), Step(60, RED)), runbook="ConsumerLagging",
    ),
    Stat(
        "Records behind",
        "Records that were not folded yet, over all agents. Large and shrinking is a recovery; small and old is a "
        "partition that stands still.",
        (Query(f"sum(tasksys_consumer_lag_records{{{PARTITION}}})"),), steps=(Step(1000, YELLOW), Step(10000, RED)),
        runbook="ConsumerLagGrowing",
    ),
    Stat(
        "By the broker",
        "How old the oldest record is that a group has not committed, as the brokers see it. Workers commit every few "
        "seconds, so some seconds are usual. It also sees workers that are dead.",
        (Query(f"max(max by (group, topic, partition) (tasksys_group_lag_seconds{{{GROUP}}}))"),), unit="s",
        steps=(Step(30, YELLOW), Step(120, RED)), runbook="ConsumerLagging", quiet=NO_BROKER,
    ),
    Stat(
        "Groups without members",
        "Groups of agents that no worker belongs to: nobody folds for them. At a start for seconds; otherwise every "
        "worker is gone.",
        (Query("count(max by (group) (tasksys_group_members) == 0) or vector(0)"),), steps=(Step(1, RED),),
        runbook="GroupWithoutMembers",
    ),
    Stat(
        "Stopped partitions",
        "Partitions that stopped by a fault and wait for an operator. Facts are never skipped, so their workspaces "
        "stand still until somebody acts.",
        (Query(f"sum(tasksys_agent_stopped_partitions{{{AGENT}}})"),), steps=(Step(1, RED),),
        runbook="PartitionStopped",
    ),
    Stat(
        "Dead letters waiting",
        "Records that could not be folded and wait for an operator, who retries or drops them: `tasksys "
        "dead-letters`. Their partition goes on meanwhile.",
        (Query(f"sum(tasksys_dead_letters_waiting{{{HERE}}})"),), steps=(Step(1, ORANGE), Step(10, RED)),
        runbook="DeadLettersWaiting",
    ),
))  # fmt: skip

WORKERS: Final = Row("As the workers see it", (
    Lines(
        "Lag in seconds",
        "How old the oldest record is that each agent has not folded. The one number to watch: it does not depend on "
        "traffic. A line rising as fast as the clock is a partition at a standstill.",
        (Query(f"max by (agent) (tasksys_consumer_lag_seconds{{{PARTITION}}})", "{{agent}}"),), unit="s", minimum=0,
        steps=(Step(10, YELLOW), Step(60, RED)), width=12, runbook="ConsumerLagging",
    ),
    Lines(
        "Lag in records",
        "Records that each agent has not folded. It rises with traffic and falls when the agent is faster; rising "
        "without more traffic means that the agent is slower.",
        (Query(f"sum by (agent) (tasksys_consumer_lag_records{{{PARTITION}}})", "{{agent}}"),), minimum=0, width=12,
        runbook="ConsumerLagGrowing",
    ),
    Lines(
        "In and out",
        "Records that the topics gain a second, and records that the agents fold. Where out stays below in, the lag "
        "grows; no out at all with lag is a standstill.",
        (
            Query(f"sum by (agent) (rate(tasksys_consumer_position{{{PARTITION}}}[{WINDOW}]))", "{{agent}} folds"),
            Query(rate("tasksys_log_produced_records_total", "topic"), "{{topic}} gains"),
        ),
        unit="ops", minimum=0, width=12, runbook="PartitionStalled",
    ),
    Lines(
        "Caught up in",
        "Lag in records over the speed at which it shrinks: when the agent is done if both stay as they are. No line "
        "means that the lag is not shrinking: there is none, or it will not end by itself.",
        (Query(
            f"sum by (agent) (tasksys_consumer_lag_records{{{PARTITION}}})"
            f" / (-sum by (agent) (deriv(tasksys_consumer_lag_records{{{PARTITION}}}[{WINDOW}])) > 0)",
            "{{agent}}",
        ),),
        unit="s", minimum=0, width=12, quiet="Nothing to catch up with", runbook="ConsumerLagGrowing",
    ),
))  # fmt: skip

SEEN: Final = Row("As the brokers see it", (
    Lines(
        "Lag in seconds, by the brokers",
        "How old the oldest record is that each group has not committed. Workers that are dead are seen here only. "
        "Higher than the workers' view by up to the interval of commits.",
        (Query(
            f"max by (group) (max by (group, topic, partition) (tasksys_group_lag_seconds{{{GROUP}}}))", "{{group}}"
        ),),
        unit="s", minimum=0, steps=(Step(30, YELLOW), Step(120, RED)), quiet=NO_BROKER, runbook="ConsumerLagging",
    ),
    Lines(
        "Lag in records, by the brokers",
        "Records that each group has not committed. Markers of transactions occupy offsets but are no records, so a "
        "lag of one or two a partition may stay for ever.",
        (Query(
            f"sum by (group) (max by (group, topic, partition) (tasksys_group_lag_records{{{GROUP}}}))", "{{group}}"
        ),),
        minimum=0, quiet=NO_BROKER, runbook="ConsumerLagGrowing",
    ),
    Lines(
        "Members",
        "Processes in each group. 0 when every worker is gone; fewer than workers: one of them cannot join.",
        (Query("max by (group) (tasksys_group_members)", "{{group}}"),), minimum=0, decimals=0, quiet=NO_BROKER,
        runbook="GroupWithoutMembers",
    ),
))  # fmt: skip

PARTITIONS_ROW: Final = Row("Partition by partition", (
    States(
        "Heat of partitions",
        "Lag in seconds of every partition, over time: green is up to date, red more than a minute. One red line is "
        "one partition (a poisoned or very busy workspace); all red is the agent.",
        (Query(
            f"max by (agent, partition) (tasksys_consumer_lag_seconds{{{PARTITION}}})", "{{agent}} {{partition}}"
        ),),
        unit="s", width=14, height=11, steps=(Step(1, YELLOW), Step(10, ORANGE), Step(60, RED)),
        runbook="PartitionStalled",
    ),
    Table(
        "Partitions",
        "Every partition with its lag and position, the oldest first. A position that does not move, with a lag, is a "
        "standstill.",
        (
            Query(f"max by (topic, partition, agent) (tasksys_consumer_lag_seconds{{{PARTITION}}})"),
        ),
        columns=(("agent", "Agent"), ("topic", "Topic"), ("partition", "Partition")), values=("Lag (s)",),
        unit="s", width=10, height=11, steps=(Step(10, YELLOW), Step(60, RED)), runbook="PartitionStalled",
    ),
    Bars(
        "Busiest partitions",
        "Records a second by partition of the commands, the ten busiest. One far above the others is one busy "
        "workspace: it cannot be spread, only moved to a worker of its own.",
        (Query(
            f"topk(10, {rate('tasksys_consumer_position', 'topic, partition', COMMANDS)})",
            "{{topic}} {{partition}}",
        ),),
        unit="ops", base=BLUE, width=12, decimals=1,
    ),
    Lines(
        "Positions",
        "The offset of the next record of each partition. Steps are batches; a flat line with lag is a standstill.",
        (Query(f"max by (agent, partition) (tasksys_consumer_position{{{PARTITION}}})", "{{agent}} {{partition}}"),),
        minimum=0, width=12, runbook="PartitionStalled",
    ),
))  # fmt: skip

CHANGES: Final = Row("Rebalances and recovery", (
    Lines(
        "Assigned partitions",
        "Partitions that each worker has, by agent. Their sum stays; after a worker left, the others have its part "
        "within seconds.",
        (Query(f"sum by (instance, agent) (tasksys_agent_assigned_partitions{{{AGENT}}})", "{{instance}} {{agent}}"),),
        stack=True, minimum=0, decimals=0, runbook="RebalanceStorm",
    ),
    Lines(
        "Rebalances",
        "Times that partitions were assigned anew in five minutes. Each deployment makes some; without one, workers "
        "come and go, or are too slow to answer the brokers.",
        (Query(f"sum by (agent) (increase(tasksys_rebalances_total{{{AGENT}}}[5m]))", "{{agent}}"),), bars=True,
        minimum=0, runbook="RebalanceStorm",
    ),
    Lines(
        "How long rebalances take",
        "From a revocation until tables were recovered and folding went on, 95 of 100 below this. It is the time in "
        "which nobody folds these partitions.",
        (Query(
            "histogram_quantile(0.95, sum by (le, agent) ("
            f"increase(tasksys_rebalance_duration_seconds_bucket{{{AGENT}}}[15m])))",
            "{{agent}}",
        ),),
        unit="s", minimum=0, steps=(Step(30, YELLOW), Step(120, RED)), runbook="RecoveryStuck", quiet="None lately",
    ),
    Lines(
        "To be recovered",
        "Records of changelogs that have to be read before the agent folds. It falls to 0 at a start and after a "
        "rebalance; flat above 0: recovery is stuck.",
        (Query(f"sum by (agent) (tasksys_recovery_remaining_records{{{AGENT}}})", "{{agent}}"),), minimum=0,
        runbook="RecoveryStuck",
    ),
    Lines(
        "Recovered",
        "Records of changelogs that were read a second: the speed of recovery.",
        (Query(rate("tasksys_recovered_records_total", "agent", AGENT), "{{agent}}"),), unit="ops", minimum=0,
    ),
    Lines(
        "Restarts of agents",
        "Times that a fault stopped an agent, in five minutes; it is built anew and recovers. The log lines below say "
        "which fault. One that is stuck got no further for a minute.",
        (
            Query(f"sum by (agent) (increase(tasksys_agent_restarts_total{{{AGENT}}}[5m]))", "{{agent}}"),
            Query(f"sum by (agent) (increase(tasksys_agent_stuck_total{{{AGENT}}}[5m]))", "{{agent}} was stuck"),
        ), bars=True, minimum=0, runbook="AgentRestarting",
    ),
    Lines(
        "Rebuilt tables",
        "Times that rows on disk were thrown away and recovered from their changelog, in five minutes. Corrupt ones "
        "again and again: the disk is failing. Such as are ahead of their changelog: brokers have lost records.",
        (
            Query(
                f"sum by (agent, reason) (increase(tasksys_tables_rebuilt_total{{{AGENT}}}[5m]))",
                "{{agent}} {{reason}}",
            ),
        ),
        bars=True, minimum=0, runbook="AgentRestarting",
    ),
))  # fmt: skip

REPLAY: Final = Row("Replay", (
    Gauge(
        "Progress",
        "How much of the replay under way is folded. Standing still for minutes: the disk, or a workspace that is "
        "very large.",
        (Query(f"sum(tasksys_replay_folded_events{{{HERE}}}) / (sum(tasksys_replay_events{{{HERE}}}) > 0)"),),
        unit="percentunit", minimum=0, maximum=1, base=BLUE, width=5, height=8, quiet="No replay yet",
    ),
    Lines(
        "Events folded by replays",
        "Events that the replay has folded, and how many it is going to. While it runs, the folds it competes with "
        "are slower.",
        (
            Query(f"sum by (instance) (tasksys_replay_folded_events{{{HERE}}})", "{{instance}} folded"),
            Query(f"sum by (instance) (tasksys_replay_events{{{HERE}}})", "{{instance}} to fold"),
            Query(f"sum(tasksys_replay_running{{{HERE}}})", "replays under way"),
        ),
        minimum=0, width=12,
    ),
    Table(
        "How replays ended",
        "`equal`: tables are what the events say. `differed`: they are not; keep both and ask why before anything is "
        "repaired. `broken_off`: nothing is known.",
        (Query(f"sum by (result) (tasksys_replays_total{{{HERE}}})"),), columns=(("result", "Result"),),
        values=("Replays",), width=7, runbook="ReplayDiffered", quiet="None yet",
    ),
))  # fmt: skip

LETTERS: Final = Row("Dead letters", (
    Lines(
        "New dead letters",
        "Records that could not be folded, in five minutes, by why. `unreadable`: bytes that are no command of ours, "
        "so who writes them? `fault`: a bug in a decision.",
        (Query(f"sum by (reason) (increase(tasksys_dead_letters_total{{{HERE}}}[5m]))", "{{reason}}"),), bars=True,
        minimum=0, runbook="DeadLettersWaiting", width=12,
    ),
    Lines(
        "Waiting for an operator",
        "Dead letters that wait, in partitions of each worker.",
        (Query(f"sum by (instance) (tasksys_dead_letters_waiting{{{HERE}}})", "{{instance}}"),), minimum=0, decimals=0,
        steps=(Step(1, RED),), runbook="DeadLettersWaiting", width=12,
    ),
    LogLines(
        "Log of folds and rebalances",
        "Lines of folds, from warnings up: dead letters with their reason, partitions that stopped, recoveries.",
        (LogQuery('{service="tasksys", component="fold", level=~"warning|error|critical"}'),), height=8,
        runbook="ErrorsLogged",
    ),
))  # fmt: skip

DASHBOARD: Final = Dashboard(
    "tasksys-lag",
    "tasksys / Consumer Lag & Replay",
    "How far who is behind, why, and when it will have caught up. See also the guide, “Reading consumer lag”.",
    (WELL, WORKERS, SEEN, PARTITIONS_ROW, CHANGES, REPLAY, LETTERS),
    variables=(INSTANCE, AGENTS, PARTITIONS), annotations=(ALERTS, STARTS), links=links("tasksys-lag"),
)  # fmt: skip
