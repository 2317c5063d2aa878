package tasksys.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.Stores;

/**
 * Peer: the fold in Kafka Streams, exactly_once_v2, one thread, a RocksDB store with its changelog.
 *
 * <p>Arguments: --bootstrap HOST:PORT --topic NAME --warm-up N --commands N. Prints one line of JSON as soon as the position after
 * the last command is committed. Its state is kept below the directory TMPDIR.
 */
public final class Main {
    private static final int PARTITIONS = 8;
    private static final long POLL_MILLISECONDS = 20;

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> given = new HashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            given.put(arguments[i], arguments[i + 1]);
        }
        String bootstrap = given.get("--bootstrap");
        Fold.warmUp = Long.parseLong(given.get("--warm-up"));
        long total = Fold.warmUp + Long.parseLong(given.get("--commands"));
        String name = "kafka-streams-" + UUID.randomUUID();

        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            admin.createTopics(List.of(new NewTopic(name + "-events", PARTITIONS, (short) 1))).all().get();
            KafkaStreams streams = new KafkaStreams(
                    topology(given.get("--topic"), name + "-events").build(), settings(name, bootstrap));
            streams.start();
            long done;
            while ((done = committed(admin, name)) < total) {
                if (streams.state() == KafkaStreams.State.ERROR) {
                    throw new IllegalStateException("Kafka Streams stopped with an error: see above");
                }
                Thread.sleep(POLL_MILLISECONDS);
            }
            long commands = done - Fold.warmUp;
            double seconds = (System.nanoTime() - Fold.began) / 1e9;
            System.out.printf(
                    Locale.ROOT,
                    "{\"peer\": \"kafka-streams\", \"commands\": %d, \"seconds\": %.3f, \"per_second\": %.0f}%n",
                    commands, seconds, commands / seconds);
        }
        System.out.flush();
        Runtime.getRuntime().halt(0); // a shutdown in good order takes seconds, and there is nothing to keep
    }

    private static StreamsBuilder topology(String commands, String events) {
        StreamsBuilder builder = new StreamsBuilder();
        var bytes = Serdes.ByteArray();
        // With its cache, which is off by default for a store that is built like this: 10 to 20 % faster here.
        builder.addStateStore(
                Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(Fold.STORE), bytes, bytes)
                        .withCachingEnabled());
        builder.stream(commands, Consumed.with(bytes, bytes))
                .process(Fold::new, Fold.STORE)
                .to(events, Produced.with(bytes, bytes));
        return builder;
    }

    private static Properties settings(String name, String bootstrap) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, name);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, System.getenv("TMPDIR") + "/" + name);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        return settings;
    }

    /** How many commands the application has put behind it, in all partitions. */
    private static long committed(Admin admin, String group) throws Exception {
        return admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().values().stream()
                .mapToLong(OffsetAndMetadata::offset)
                .sum();
    }
}
