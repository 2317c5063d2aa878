package tasksys.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Folds a command into its task's row, forwards the event, and remembers when the first command came. */
final class Fold implements Processor<byte[], byte[], byte[], byte[]> {
    static final String STORE = "tasks";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** How many commands are folded before the clock starts. */
    static long warmUp = 0;

    /** System.nanoTime() at the first command after the warm-up; 0 before it. */
    static volatile long began = 0;

    private static long folded = 0; // there is one thread

    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<byte[], byte[]> tasks;

    @Override
    public void init(ProcessorContext<byte[], byte[]> given) {
        context = given;
        tasks = given.getStateStore(STORE);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        if (folded++ == warmUp) {
            began = System.nanoTime();
        }
        try {
            JsonNode command = JSON.readTree(record.value());
            byte[] task = command.get("task").textValue().getBytes(StandardCharsets.UTF_8);
            byte[] old = tasks.get(task);
            int version = old == null ? 1 : JSON.readTree(old).get("version").asInt() + 1;
            JsonNode title = command.get("set").get("title");

            ObjectNode row = JSON.createObjectNode();
            row.set("title", title);
            row.put("version", version);
            row.set("actor", command.get("actor"));
            row.set("at", command.get("at"));
            tasks.put(task, JSON.writeValueAsBytes(row));

            ObjectNode event = JSON.createObjectNode();
            event.set("id", command.get("id"));
            event.put("type", old == null ? "TaskCreated" : "TaskEdited");
            event.set("workspace", command.get("workspace"));
            event.set("task", command.get("task"));
            event.set("actor", command.get("actor"));
            event.set("at", command.get("at"));
            event.put("version", version);
            event.set("title", title);
            context.forward(record.withValue(JSON.writeValueAsBytes(event)));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
