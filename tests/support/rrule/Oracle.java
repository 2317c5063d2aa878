import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.TimeZone;
import org.dmfs.rfc5545.DateTime;
import org.dmfs.rfc5545.recur.RecurrenceRule;
import org.dmfs.rfc5545.recur.RecurrenceRule.RfcMode;
import org.dmfs.rfc5545.recur.RecurrenceRuleIterator;

/**
 * Expands recurrence rules by lib-recur, one a line, for as long as lines come.
 *
 * <p>A line is a rule, a DTSTART (20260131 or 20260131T090000), a zone (empty: floating or a date) and a number, parted
 * by tabs. Its answer is a JSON array of so many occurrences at most, each [local time, milliseconds since 1970 or null];
 * or an object with the "error".
 */
final class Oracle {
  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] fields = line.split("\t", -1);
      try {
        answers.println(expand(fields[0], fields[1], fields[2], Integer.parseInt(fields[3])));
      } catch (Exception error) {
        answers.println("{\"error\": \"" + String.valueOf(error).replaceAll("[^\\w ;=,.:-]", " ") + "\"}");
      }
      if (!lines.ready()) {
        answers.flush();
      }
    }
    answers.flush();
  }

  private static String expand(String text, String start, String zone, int limit) throws Exception {
    RecurrenceRule rule = new RecurrenceRule(text, RfcMode.RFC5545_STRICT);
    DateTime anchor = zone.isEmpty() ? DateTime.parse(start) : DateTime.parse(TimeZone.getTimeZone(zone), start);
    RecurrenceRuleIterator found = rule.iterator(anchor);
    StringBuilder answer = new StringBuilder("[");
    for (int number = 0; number < limit && found.hasNext(); number++) {
      DateTime one = found.nextDateTime();
      answer.append(number == 0 ? "" : ", ").append("[\"").append(one).append("\", ");
      answer.append(zone.isEmpty() ? "null" : String.valueOf(one.getTimestamp())).append("]");
    }
    return answer.append("]").toString();
  }
}
