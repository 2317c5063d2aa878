"""Storage & Infrastructure: disk, databases, the log and its brokers, the host, and the monitoring itself.

Why so long: a dashboard is a list of panels, and each says what it is about.
"""

from typing import Final

from monitoring.grafana.common import ALERTS, HERE, INSTANCE, STARTS, WINDOW, links, quantile, quantiles, rate
from monitoring.grafana.model import Dashboard, Row, Variable
from monitoring.grafana.panels import GREEN, ORANGE, RED, YELLOW, Bars, Lines, Stat, Step, Table
from monitoring.grafana.queries import Query

STORE: Final = 'instance=~"$instance", store=~"$store"'
NODE: Final = 'job="node", instance=~"$node"'
REAL: Final = 'fstype!~"tmpfs|overlay|squashfs|ramfs|devtmpfs"'
WIRE: Final = f'{NODE}, device!="lo"'
EMBEDDED: Final = "No broker to ask"

STORES: Final = Variable(
    "store", "Database", "label_values(tasksys_store_size_bytes, store)", "An agent's tables, or the embedded log"
)
NODES: Final = Variable(
    "node", "Host", 'label_values(node_uname_info{job="node"}, instance)', "Machines with a node exporter"
)


def store(metric: str, legend: str = "{{store}}") -> Query:
    """A gauge of the databases, summed up over workers."""
    return Query(f"sum by (store) ({metric}{{{STORE}}})", legend)


WELL: Final = Row("Can it write?", (
    Stat(
        "Disk free",
        "The share that is free of the fullest file system with data of ours. Below 10 % RocksDB may have no room to "
        "compact; at 0 commands are answered 503.",
        (Query(f"min(tasksys_disk_free_bytes{{{HERE}}} / tasksys_disk_size_bytes{{{HERE}}})"),),
        unit="percentunit", decimals=1, base=RED, steps=(Step(0.1, ORANGE), Step(0.2, GREEN)), runbook="DiskNearlyFull",
    ),
    Stat(
        "Full in",
        "When the disk is full if it fills as it did in the last hour. Days are well; below 4 hours you are called. A "
        "year stands for more than that, and for a disk that does not fill.",
        (Query(
            f"min(clamp_max(tasksys_disk_free_bytes{{{HERE}}}"
            f" / clamp_min(-deriv(tasksys_disk_free_bytes{{{HERE}}}[1h]), 1), 365 * 86400))"
        ),),
        unit="s", base=RED, steps=(Step(4 * 3600, ORANGE), Step(24 * 3600, GREEN)), runbook="DiskFullSoon",
    ),
    Stat(
        "Writable",
        "1 if every worker can write a file where its data is. 0: the disk is full, mounted read-only, or broken.",
        (Query(f"min(tasksys_disk_writable{{{HERE}}})"),), base=RED, steps=(Step(1, GREEN),), runbook="DiskNotWritable",
    ),
    Stat(
        "Databases stopped",
        "Databases that take no writes just now, because compaction is too far behind. Folds of those agents wait. "
        "Seconds happen under a flood; minutes do not.",
        (Query(f"sum(tasksys_store_write_stopped{{{HERE}}})"),), steps=(Step(1, RED),), runbook="StoreWritesStopped",
    ),
    Stat(
        "Log reachable",
        "1 if the log answers every worker: the brokers of Kafka, or the embedded log. 0: commands are answered 503, "
        "reads go on.",
        (Query(f'min(tasksys_broker_up{{job="tasksys", {HERE}}})'),), base=RED, steps=(Step(1, GREEN),),
        runbook="BrokerDown",
    ),
    Stat(
        "Offline partitions",
        "Partitions of our topics without a leader: nobody can read or write them. Any is an outage of the workspaces "
        "in it.",
        (Query("sum(max by (topic) (tasksys_topic_offline_partitions))"),), steps=(Step(1, RED),),
        runbook="PartitionsOffline", quiet=EMBEDDED,
    ),
))  # fmt: skip

DISK: Final = Row("Disk", (
    Lines(
        "Free space",
        "Bytes that can be written where the data is. A slope that does not level off says when it ends; see which "
        "database grows beside it.",
        (Query(f"tasksys_disk_free_bytes{{{HERE}}}", "{{instance}}"),), unit="bytes", minimum=0,
        runbook="DiskNearlyFull",
    ),
    Lines(
        "Databases",
        "Bytes of live tables on disk. The log and the history grow with every command; the others with what is open. "
        "Jumps down are compactions.",
        (store("tasksys_store_size_bytes"),), unit="bytes", stack=True, minimum=0, runbook="DiskNearlyFull",
    ),
    Bars(
        "Rows",
        "About how many rows each database has. `audit` has one for each event, and stays the largest.",
        (store("tasksys_store_estimated_keys"),), runbook="DiskNearlyFull",
    ),
))  # fmt: skip

ROCKSDB: Final = Row("Databases (RocksDB)", (
    Lines(
        "Reads",
        "How long rows are read, 99 of 100 below this; one read in 64 is measured. Microseconds from the cache, tens "
        "of them from files; milliseconds are a slow disk or a cache that is too small.",
        (Query(
            quantile(0.99, "tasksys_store_read_duration_seconds", "store, operation", STORE), "{{store}} {{operation}}"
        ),),
        unit="s", minimum=0, log=True, steps=(Step(0.01, RED),), runbook="StoreWritesStopped",
    ),
    Lines(
        "Writes",
        "How long a batch is written, 99 of 100 below this. The log's batches include the sync to disk; where that "
        "takes 100 ms, every command does.",
        (Query(quantile(0.99, "tasksys_store_write_duration_seconds", "store", STORE), "{{store}}"),),
        unit="s", minimum=0, log=True, steps=(Step(0.1, RED),), runbook="StoreWritesStopped",
    ),
    Lines(
        "Writes by number",
        "Batches that were written a second. Each is one fold's transaction; compare with *Records at once* of the "
        "agents.",
        (Query(rate("tasksys_store_write_duration_seconds_count", "store", STORE), "{{store}}"),), unit="wps",
        minimum=0,
    ),
    Lines(
        "Compaction",
        "Bytes that wait to be compacted, and compactions under way. When the first grows without an end, writes are "
        "slowed, then stopped.",
        (
            store("tasksys_store_pending_compaction_bytes", "{{store}} waiting"),
            store("tasksys_store_running_compactions", "{{store}} running"),
        ),
        unit="bytes", minimum=0, runbook="StoreWritesStopped",
        overrides=({
            "matcher": {"id": "byRegexp", "options": ".* running"},
            "properties": [{"id": "unit", "value": "short"}, {"id": "custom.axisPlacement", "value": "right"}],
        },),
    ),
    Lines(
        "Memory of databases",
        "Bytes that were not flushed yet, and blocks that are cached. The cache fills up to its bound and stays; "
        "unflushed bytes go up and down like a saw.",
        (
            store("tasksys_store_memtable_bytes", "{{store}} not flushed"),
            store("tasksys_store_block_cache_bytes", "{{store}} cached"),
        ),
        unit="bytes", minimum=0,
    ),
    Lines(
        "Files and handles",
        "Sorted files on disk, and databases and iterators that are open. Iterators that stay open keep deleted files "
        "on disk: a number that only grows is a leak.",
        (
            store("tasksys_store_files", "{{store}} files"),
            store("tasksys_store_open_handles", "{{store}} handles"),
        ),
        minimum=0, runbook="TooManyDescriptors",
    ),
))  # fmt: skip

LOG: Final = Row("The log and its brokers", (
    Lines(
        "Written",
        "Bytes of keys and values that became durable a second, by topic. `commands` is what clients send, `events` "
        "what came of it, the others tables and positions.",
        (Query(rate("tasksys_log_produced_bytes_total", "topic"), "{{topic}}"),), unit="Bps", stack=True,
    ),
    Lines(
        "Read",
        "Bytes of keys and values that came from the log a second, by topic. Much more than is written: a recovery or "
        "a replay, see *Consumer Lag & Replay*.",
        (Query(rate("tasksys_log_consumed_bytes_total", "topic"), "{{topic}}"),), unit="Bps", stack=True,
    ),
    Table(
        "Topics",
        "Records a second in and out of each topic, as the workers see them. Out below in for long is lag.",
        (
            Query(rate("tasksys_log_produced_records_total", "topic")),
            Query(rate("tasksys_log_consumed_records_total", "topic")),
        ),
        unit="ops", decimals=2, columns=(("topic", "Topic"),), values=("In/s", "Out/s"), key="topic",
    ),
    Lines(
        "Time to append",
        "From sending a record to the log until it is durable. It is part of every command: when it grows, so do "
        "they. On Kafka: replication and the brokers' disks; embedded: the sync of ours.",
        quantiles("tasksys_append_duration_seconds", exemplars=True), unit="s", minimum=0, steps=(Step(0.1, RED),),
        runbook="CommandLatencyBudgetBurn",
    ),
    Lines(
        "Appends that failed",
        "Appends that failed, or of which nothing is certain, a second. Clients were answered 503 and try again under "
        "the same key.",
        (Query(rate("tasksys_append_failures_total", "instance"), "{{instance}}"),), unit="ops", minimum=0,
        runbook="BrokerDown",
    ),
    Lines(
        "Brokers",
        "Brokers that are up, as each process sees it, and whether they answer it at all (1). Fewer than there should "
        "be: partitions lose copies; none seen by one process only: its network.",
        (
            Query("min by (job) (tasksys_kafka_brokers)", "brokers seen by {{job}}"),
            Query("min by (job, instance) (tasksys_broker_up)", "{{job}} {{instance}} is answered"),
        ),
        minimum=0, decimals=0, runbook="BrokerDown", quiet=EMBEDDED,
    ),
    Lines(
        "Copies that are behind",
        "Partitions with a copy that is behind or away, and those without a leader, by topic. Minutes after a broker "
        "restarted are usual; a broker that is lost now would lose data.",
        (
            Query("topk(3, max by (topic) (tasksys_topic_under_replicated_partitions))", "{{topic}} behind"),
            Query("topk(3, max by (topic) (tasksys_topic_offline_partitions))", "{{topic}} offline"),
        ),
        minimum=0, decimals=0, runbook="PartitionsUnderReplicated", quiet=EMBEDDED,
    ),
    Lines(
        "Growth of topics",
        "Records that the brokers took a second, by topic: the end of each partition, moving. Everything flat while "
        "clients write: nothing arrives.",
        (Query(f"sum by (topic) (max by (topic, partition) (rate(tasksys_topic_end_offset[{WINDOW}])))", "{{topic}}"),),
        unit="ops", stack=True, quiet=EMBEDDED,
    ),
    Lines(
        "Asking the brokers",
        "How long the brokers took to answer for lag and topics. Seconds mean that they are busy or far away, and "
        "that these numbers are old.",
        (Query("max by (job, instance) (tasksys_lag_scrape_duration_seconds)", "{{job}} {{instance}}"),), unit="s",
        minimum=0, quiet=EMBEDDED,
    ),
))  # fmt: skip

HOST: Final = Row("The machines", (
    Lines(
        "Processor",
        "What the cores do, as a share. `iowait` is waiting for a disk, `steal` other machines on the same host. "
        "Without `idle` everything takes longer.",
        (Query(
            f'sum by (mode) (rate(node_cpu_seconds_total{{{NODE}, mode!="idle"}}[{WINDOW}]))'
            f" / scalar(count(node_cpu_seconds_total{{{NODE}, mode=\"idle\"}}))",
            "{{mode}}",
        ),),
        unit="percentunit", stack=True, minimum=0,
    ),
    Lines(
        "Load",
        "Processes that run or wait for a disk, for each core. Above 1 for long they wait for each other.",
        (Query(
            f'node_load1{{{NODE}}} / on (instance) count by (instance) (node_cpu_seconds_total{{{NODE}, mode="idle"}})',
            "{{instance}}",
        ),),
        minimum=0, steps=(Step(1, YELLOW), Step(2, RED)),
    ),
    Lines(
        "Memory",
        "What is free to be used, caches counted as free. Near 0 the kernel kills the largest process, which is often "
        "the broker.",
        (Query(f"node_memory_MemAvailable_bytes{{{NODE}}} / node_memory_MemTotal_bytes{{{NODE}}}", "{{instance}}"),),
        unit="percentunit", minimum=0, maximum=1, base=RED, steps=(Step(0.1, GREEN),),
    ),
    Lines(
        "Disks at work",
        "The share of time in which a disk was busy. Near 1 syncs wait in line, and with them every command.",
        (Query(f"rate(node_disk_io_time_seconds_total{{{NODE}}}[{WINDOW}])", "{{instance}} {{device}}"),),
        unit="percentunit", minimum=0, steps=(Step(0.9, RED),),
    ),
    Lines(
        "File systems",
        "The share that is free of each file system. Also the one of the system: logs and the broker's data may be "
        "there.",
        (Query(
            f"node_filesystem_avail_bytes{{{NODE}, {REAL}}} / node_filesystem_size_bytes{{{NODE}, {REAL}}}",
            "{{instance}} {{mountpoint}}",
        ),),
        unit="percentunit", minimum=0, maximum=1, base=RED, steps=(Step(0.1, GREEN),), runbook="DiskNearlyFull",
    ),
    Lines(
        "Network",
        "Bytes a second, in and out. A flat top is the line's limit.",
        (
            Query(rate("node_network_receive_bytes_total", "instance", WIRE), "{{instance}} in"),
            Query(rate("node_network_transmit_bytes_total", "instance", WIRE), "{{instance}} out"),
        ),
        unit="Bps", minimum=0,
    ),
), closed=True)  # fmt: skip

WATCHERS: Final = Row("The monitoring itself", (
    Table(
        "What is scraped",
        "Everything that Prometheus asks, and whether it answered. What does not answer cannot tell that it is "
        "unwell.",
        (Query("max by (job, instance) (up)"), Query("max by (job, instance) (scrape_duration_seconds)")),
        columns=(("job 1", "Job"), ("instance", "Where")), values=("Up", "Took"), key="instance", sort="Up",
        overrides=({
            "matcher": {"id": "byName", "options": "Took"},
            "properties": [{"id": "unit", "value": "s"}],
        },),
        steps=(), runbook="TargetDown", quiet="Prometheus scrapes nothing",
    ),
    Lines(
        "Series",
        "Series in Prometheus' memory. It follows the number of partitions, routes and workers. Growth without an end "
        "means a label that holds an id.",
        (Query("prometheus_tsdb_head_series", "{{instance}}"),), minimum=0,
    ),
    Lines(
        "Rules",
        "How long groups of rules take, and evaluations that failed. When a group takes longer than its interval, "
        "alerts come late.",
        (
            Query("max by (rule_group) (prometheus_rule_group_last_duration_seconds)", "{{rule_group}}"),
            Query(f"sum(rate(prometheus_rule_evaluation_failures_total[{WINDOW}]))", "failed/s"),
        ),
        unit="s", minimum=0, table=False, runbook="RuleEvaluationFailing",
    ),
    Lines(
        "Alerts on their way",
        "Alerts that Prometheus sent, and notifications that Alertmanager sent or could not send. If the last is not "
        "0, nobody is told.",
        (
            Query(f"sum(rate(prometheus_notifications_sent_total[{WINDOW}]))", "sent to Alertmanager"),
            Query(rate("alertmanager_notifications_total", "integration", ""), "sent by {{integration}}"),
            Query(rate("alertmanager_notifications_failed_total", "integration", ""), "failed by {{integration}}"),
        ),
        unit="ops", minimum=0, table=False, runbook="AlertNotificationsFailing",
    ),
    Lines(
        "Lines shipped",
        "Lines that Telegraf took from the log and brought to Loki a second, and those dropped because the buffer was "
        "full. Written below taken for long: Loki does not take them.",
        (
            Query(f'sum(rate(internal_write_metrics_written{{output="http"}}[{WINDOW}]))', "brought to Loki"),
            Query(f'sum(rate(internal_write_metrics_dropped{{output="http"}}[{WINDOW}]))', "dropped"),
            Query('max(internal_write_buffer_size{output="http"})', "waiting"),
        ),
        minimum=0, runbook="TargetDown", quiet="Telegraf does not run",
    ),
    Lines(
        "Traces",
        "Spans of sampled traces by what became of them. `dropped` and `failed`: the collector is away or too slow; "
        "nothing else suffers.",
        (Query(rate("tasksys_trace_spans_total", "result"), "{{result}}"),), unit="ops", minimum=0,
        runbook="SpansDropped", quiet="Tracing is off",
    ),
), closed=True)  # fmt: skip

DASHBOARD: Final = Dashboard(
    "tasksys-storage",
    "tasksys / Storage & Infrastructure",
    "What everything stands on: disk, databases, the log and its brokers, the machines, and who watches them.",
    (WELL, DISK, ROCKSDB, LOG, HOST, WATCHERS),
    variables=(INSTANCE, STORES, NODES), annotations=(ALERTS, STARTS), links=links("tasksys-storage"),
)  # fmt: skip
