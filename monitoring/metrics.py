"""Every metric of tasksys, declared once. The reference page, dashboards and alert rules name what stands here.

Why so long: it is one list, and who looks for a metric looks here.
"""

from typing import Final

from monitoring.catalogue import Label, Source, collected, counter, gauge, histogram

# --- labels

AGENT: Final = Label("agent", "The agent", ("commands", "audit", "reminders", "recurrence", "deliveries"))
TIMELINE: Final = Label("agent", "The agent that knows when things fall due", ("reminders", "recurrence"))
TOPIC: Final = Label("topic", "The topic", "the topics of tasksys")
PARTITION: Final = Label("partition", "The partition's number", "the partitions of one topic")
GROUP: Final = Label("group", "The consumer group of an agent", "tasksys- and the agent's name")
METHOD: Final = Label("method", "The request's method", ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OTHER"))
ROUTE: Final = Label("route", "The address as the reference writes it, with {names}", "the routes, and `unmatched`")
FORWARD: Final = Label(
    "result", "Whether another worker answered, at once or after one that broke off, or nobody did in time",
    ("answered", "repeated", "failed"),
)  # fmt: skip
CODE: Final = Label("code", "The answer's status", "statuses of HTTP")
COMMAND: Final = Label("type", "The command's type", "the types of commands, and `unreadable`")
OUTCOME: Final = Label("outcome", "What became of it", ("accepted", "refused", "replayed", "dead"))
REFUSAL: Final = Label("code", "Why it was refused", "the codes of refusals")
EVENT: Final = Label("type", "The event's type", "the types of events")
RESULT: Final = Label(
    "result", "Whether it became durable; aborted is also what nobody knows of", ("committed", "aborted")
)
OPERATION: Final = Label("operation", "How rows are read", ("get", "scan"))
STORE: Final = Label("store", "The database: an agent's tables, or the embedded log", "the agents, and `log`")
CHANNEL: Final = Label("channel", "The kind of channel", ("webhook", "email", "apprise"))
DELIVERED: Final = Label("result", "What came of the attempt", ("delivered", "retried", "failed"))
FIRED: Final = Label(
    "result", "Whether it fired within a second, later, or too late to fire at all", ("on_time", "late", "passed_over")
)
FEED: Final = Label("kind", "How the client is connected", ("websocket", "sse"))
CLOSE: Final = Label("code", "The close code of WebSocket", "those in the feed's protocol, and `other`")
LOSS: Final = Label(
    "reason",
    "What was wrong with them: unreadable; newer than the changelog; of a batch that was aborted after all; so old "
    "that it has forgotten deletions; missing what had gone from it, and is there again",
    ("corrupt", "ahead", "undone", "old", "incomplete"),
)  # fmt: skip
LEVEL: Final = Label("level", "How bad", ("debug", "info", "warning", "error", "critical"))
SPANS: Final = Label("result", "What became of the spans", ("exported", "failed", "dropped"))
LETTER: Final = Label("reason", "Why it could not be folded", ("unreadable", "fault"))
REPLAY: Final = Label("result", "How it ended", ("equal", "differed", "repaired", "broken_off"))
VERSION: Final = Label("version", "The release", "one")
PYTHON: Final = Label("python", "The version of Python", "one")
TRANSPORT: Final = Label("transport", "Where the log is", ("embedded", "kafka"))

# --- buckets, in seconds unless they say otherwise

REQUEST: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SHORT: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
TINY: Final = (0.000001, 0.0000025, 0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.001, 0.01, 0.1)
LONG: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
LATENESS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0)
RECORDS: Final = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0)

# --- HTTP

HTTP_REQUESTS: Final = counter("tasksys_http_requests_total", "Requests that were answered", METHOD, ROUTE, CODE)
HTTP_SECONDS: Final = histogram(
    "tasksys_http_request_duration_seconds",
    "From the head of a request to the end of its answer; long-lived feeds are not counted",
    METHOD, ROUTE, buckets=REQUEST,
)  # fmt: skip
HTTP_IN_FLIGHT: Final = gauge("tasksys_http_requests_in_flight", "Requests that are being answered")
HTTP_CONNECTIONS: Final = collected("tasksys_http_connections", "Connections that are open, feeds among them")
HTTP_TURNED_AWAY: Final = counter(
    "tasksys_http_connections_turned_away_total", "Connections that were refused because too many were open"
)
FORWARDED: Final = counter(
    "tasksys_http_forwarded_total", "Requests that another worker was asked for, which has the workspace", FORWARD
)

# --- commands and events

COMMANDS: Final = counter("tasksys_commands_total", "Commands that were folded", COMMAND, OUTCOME)
REFUSALS: Final = counter("tasksys_command_refusals_total", "Commands that were refused", REFUSAL)
COMMAND_SECONDS: Final = histogram(
    "tasksys_command_duration_seconds", "From the append of a command to its outcome, where somebody waits for it",
    buckets=REQUEST,
)  # fmt: skip
COMMANDS_IN_FLIGHT: Final = collected(
    "tasksys_commands_in_flight", "Commands on their way: not durable yet, or their outcome is waited for"
)
EVENTS: Final = counter("tasksys_events_total", "Events that became durable", EVENT)
DEAD_LETTERS: Final = counter("tasksys_dead_letters_total", "Records that could not be folded", LETTER)
DEAD_LETTERS_WAITING: Final = collected(
    "tasksys_dead_letters_waiting",
    "Dead letters that wait for an operator, in partitions of this process, counted up to 1,000 each",
)

# --- folds and transactions

FOLD_RECORDS: Final = histogram(
    "tasksys_fold_batch_records", "Records that were folded at once", AGENT, buckets=RECORDS
)
FOLD_SECONDS: Final = histogram(
    "tasksys_fold_duration_seconds", "How long a batch was folded, without its transaction", AGENT, buckets=SHORT
)
FOLD_FAILURES: Final = counter(
    "tasksys_fold_failures_total", "Batches that could not be folded: their partition stops", AGENT
)
TRANSACTIONS: Final = counter("tasksys_transactions_total", "Transactions of folds", AGENT, RESULT)
TRANSACTION_SECONDS: Final = histogram(
    "tasksys_transaction_duration_seconds", "How long a transaction took to become durable", AGENT, buckets=SHORT
)
END_TO_END_SECONDS: Final = histogram(
    "tasksys_record_age_seconds", "How old the oldest record of a batch was when its effects became durable", AGENT,
    buckets=LATENESS,
)  # fmt: skip

# --- agents

AGENT_READY: Final = collected("tasksys_agent_ready", "1 if the agent's tables are recovered and it folds", AGENT)
TABLES_REBUILT: Final = counter(
    "tasksys_tables_rebuilt_total", "Times that rows on disk were thrown away, and recovered from their changelog",
    AGENT, LOSS,
)  # fmt: skip
AGENT_RESTARTS: Final = counter("tasksys_agent_restarts_total", "Times that a fault stopped the agent", AGENT)
AGENT_STUCK: Final = counter(
    "tasksys_agent_stuck_total",
    "Times that the agent got no further for a minute, and was started anew for that",
    AGENT,
)
AGENT_PARTITIONS: Final = collected("tasksys_agent_assigned_partitions", "Partitions that are assigned here", AGENT)
AGENT_STOPPED: Final = collected(
    "tasksys_agent_stopped_partitions", "Partitions that stopped by a fault and wait for an operator", AGENT
)
LAG_RECORDS: Final = collected(
    "tasksys_consumer_lag_records", "Records of the agent's source that it has not folded yet", AGENT, TOPIC, PARTITION
)
LAG_SECONDS: Final = collected(
    "tasksys_consumer_lag_seconds",
    "How old the oldest record is that the agent has not folded, at least; 0 if there is none",
    AGENT, TOPIC, PARTITION,
)  # fmt: skip
POSITION: Final = collected(
    "tasksys_consumer_position", "The offset of the next record of its source that the agent folds",
    AGENT, TOPIC, PARTITION,
)  # fmt: skip
REBALANCES: Final = counter("tasksys_rebalances_total", "Times that partitions were assigned anew", AGENT)
REBALANCE_SECONDS: Final = histogram(
    "tasksys_rebalance_duration_seconds", "From a revocation until tables were recovered and folding went on", AGENT,
    buckets=LONG,
)  # fmt: skip
RECOVERY_REMAINING: Final = collected(
    "tasksys_recovery_remaining_records", "Records of changelogs that have to be read before the agent folds", AGENT
)
RECOVERED: Final = counter("tasksys_recovered_records_total", "Records of changelogs that were read", AGENT)

# --- the log

LOG_READ_RECORDS: Final = counter(
    "tasksys_log_consumed_records_total", "Records that came from the log, to each agent that reads them", TOPIC
)
LOG_READ_BYTES: Final = counter("tasksys_log_consumed_bytes_total", "Bytes of keys and values that came", TOPIC)
LOG_WRITTEN_RECORDS: Final = counter("tasksys_log_produced_records_total", "Records that became durable", TOPIC)
LOG_WRITTEN_BYTES: Final = counter("tasksys_log_produced_bytes_total", "Bytes of keys and values that did", TOPIC)
APPEND_SECONDS: Final = histogram(
    "tasksys_append_duration_seconds", "From sending a record to the log until it was durable", buckets=SHORT
)
APPEND_FAILURES: Final = counter("tasksys_append_failures_total", "Appends that failed, or of which nothing is certain")
BROKER_UP: Final = collected("tasksys_broker_up", "1 if the log answers this process", source=Source.BOTH)

# --- databases and disk

STORE_READ_SECONDS: Final = histogram(
    "tasksys_store_read_duration_seconds", "How long rows were read; one read in 64 is measured", STORE, OPERATION,
    buckets=TINY,
)  # fmt: skip
STORE_WRITE_SECONDS: Final = histogram(
    "tasksys_store_write_duration_seconds", "How long a batch was written", STORE, buckets=SHORT
)
STORE_OPEN: Final = collected("tasksys_store_open_handles", "Databases and iterators that are open", STORE)
STORE_BYTES: Final = collected("tasksys_store_size_bytes", "Bytes of live tables on disk", STORE)
STORE_KEYS: Final = collected("tasksys_store_estimated_keys", "About how many rows there are", STORE)
STORE_FILES: Final = collected("tasksys_store_files", "Sorted files on disk", STORE)
STORE_MEMTABLE: Final = collected("tasksys_store_memtable_bytes", "Bytes that were not flushed yet", STORE)
STORE_CACHE: Final = collected("tasksys_store_block_cache_bytes", "Bytes of blocks that are cached", STORE)
STORE_COMPACTING: Final = collected("tasksys_store_running_compactions", "Compactions under way", STORE)
STORE_PENDING: Final = collected("tasksys_store_pending_compaction_bytes", "Bytes that wait to be compacted", STORE)
STORE_STALLED: Final = collected("tasksys_store_write_stopped", "1 if RocksDB takes no writes just now", STORE)
DISK_FREE: Final = collected("tasksys_disk_free_bytes", "Bytes that can be written where the data is")
DISK_SIZE: Final = collected("tasksys_disk_size_bytes", "Bytes of the file system where the data is")
DISK_WRITABLE: Final = collected("tasksys_disk_writable", "1 if a file can be written where the data is")

# --- reminders, recurrence, deliveries

FIRINGS: Final = counter("tasksys_reminders_fired_total", "Reminders whose time came", FIRED)
LATENESS_SECONDS: Final = histogram(
    "tasksys_reminder_lateness_seconds", "From the instant of a reminder until it was decided that it fires",
    buckets=LATENESS,
)  # fmt: skip
OCCURRENCES: Final = counter("tasksys_series_occurrences_total", "Tasks that series have opened")
TIMELINE_DUE: Final = collected(
    "tasksys_timeline_overdue", "What is due and was not folded yet, counted up to 1,000 a partition", TIMELINE
)
TIMELINE_SECONDS: Final = collected(
    "tasksys_timeline_overdue_seconds", "How long the oldest of it is due; 0 if there is none", TIMELINE
)
DELIVERIES: Final = counter("tasksys_deliveries_total", "Attempts to deliver", CHANNEL, DELIVERED)
DELIVERY_SECONDS: Final = histogram(
    "tasksys_delivery_duration_seconds", "How long an attempt took", CHANNEL, buckets=REQUEST
)
DELIVERIES_WAITING: Final = collected(
    "tasksys_deliveries_waiting", "Letters in memory that wait for an attempt, or for its record"
)

# --- the live feed

FEED_CONNECTIONS: Final = gauge("tasksys_feed_connections", "Clients that are connected to the live feed", FEED)
FEED_MESSAGES: Final = counter(
    "tasksys_feed_messages_total", "Events, changes and reminders that clients were told as they happened"
)
FEED_WAITING: Final = gauge(
    "tasksys_feed_waiting_messages", "Messages that wait for clients to read what they were sent"
)
FEED_DROPPED: Final = counter("tasksys_feed_dropped_messages_total", "Messages dropped as clients read too slowly")
FEED_RESYNCS: Final = counter("tasksys_feed_resyncs_total", "Clients that were told to subscribe again for that reason")
FEED_SECONDS: Final = histogram(
    "tasksys_feed_delay_seconds", "From a durable batch until its messages were written to connections", buckets=SHORT
)
FEED_CLOSED: Final = counter("tasksys_feed_closed_total", "Connections to the feed that the server closed", CLOSE)

# --- replay

REPLAYING: Final = gauge("tasksys_replay_running", "Replays under way")
REPLAY_RECORDS: Final = gauge("tasksys_replay_folded_events", "Events that the replay under way has folded")
REPLAY_TOTAL: Final = gauge("tasksys_replay_events", "Events that it is going to fold, at most")
REPLAYS: Final = counter("tasksys_replays_total", "Replays that have ended", REPLAY)

# --- the process

LOOP_DELAY: Final = histogram(
    "tasksys_event_loop_delay_seconds", "How late the event loop was when it should have woken up", buckets=SHORT
)
LOG_LINES: Final = counter("tasksys_logged_lines_total", "Lines that were logged", LEVEL)
SPANS_ENDED: Final = counter("tasksys_trace_spans_total", "Spans of sampled traces", SPANS)
BUILD: Final = collected(
    "tasksys_build_info", "1; what runs is in the labels", VERSION, PYTHON, TRANSPORT, source=Source.SERVER
)

# --- from the broker's side

GROUP_LAG: Final = collected(
    "tasksys_group_lag_records",
    "Records, and markers among them, that the group has not committed yet, by the broker", GROUP, TOPIC, PARTITION,
    source=Source.BOTH,
)  # fmt: skip
GROUP_SECONDS: Final = collected(
    "tasksys_group_lag_seconds", "How old the oldest of them is; 0 if there is none", GROUP, TOPIC, PARTITION,
    source=Source.BOTH,
)  # fmt: skip
GROUP_OFFSET: Final = collected(
    "tasksys_group_committed_offset", "The offset that the group has committed", GROUP, TOPIC, PARTITION,
    source=Source.BOTH,
)  # fmt: skip
GROUP_MEMBERS: Final = collected(
    "tasksys_group_members", "Processes in the group; 0 when every worker is gone", GROUP, source=Source.BOTH
)
TOPIC_END: Final = collected(
    "tasksys_topic_end_offset", "The offset that the topic's next record gets", TOPIC, PARTITION, source=Source.BOTH
)
BROKERS: Final = collected("tasksys_kafka_brokers", "Brokers of the cluster that are up", source=Source.BOTH)
UNDER_REPLICATED: Final = collected(
    "tasksys_topic_under_replicated_partitions", "Partitions with a copy that is behind or away", TOPIC,
    source=Source.BOTH,
)  # fmt: skip
OFFLINE: Final = collected(
    "tasksys_topic_offline_partitions", "Partitions without a leader: nobody can read or write them", TOPIC,
    source=Source.BOTH,
)  # fmt: skip
SCRAPE_SECONDS: Final = collected(
    "tasksys_lag_scrape_duration_seconds", "How long the brokers took to answer for these", source=Source.BOTH
)
