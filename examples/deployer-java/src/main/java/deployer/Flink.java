package deployer;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Requests and responses of Flink. This class does no I/O. */
final class Flink {
    static final Set<String> TERMINAL_STATES = Set.of("FINISHED", "CANCELED", "FAILED", "SUSPENDED");
    private static final Pattern CAUSED_BY = Pattern.compile("^Caused by: (.*)", Pattern.MULTILINE);

    private Flink() {}

    /**
     * Returns whether a client can choose the trigger id, which is possible since Flink 1.15. Two requests with the same
     * id trigger one operation.
     */
    static boolean acceptsTriggerIds(JsonNode config) {
        String[] numbers = config.path("flink-version").asText().split("[.-]"); // such as 1.20-SNAPSHOT
        return Integer.parseInt(numbers[0]) > 1 || Integer.parseInt(numbers[1]) >= 15;
    }

    /** Returns a value as a segment of a path. It is percent-encoded twice, because Flink decodes paths twice. */
    static String pathSegment(String value) {
        return percentEncode(percentEncode(value));
    }

    private static String percentEncode(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Returns the body of a savepoint request, with a trigger id if the release accepts one. */
    static Map<String, Object> savepointBody(boolean withTriggerId, Map<String, Object> fields) {
        Map<String, Object> body = new HashMap<>(fields);
        if (withTriggerId) {
            body.put("triggerId", UUID.randomUUID().toString().replace("-", ""));
        }
        return body;
    }

    /**
     * Returns the savepoint path; empty while the savepoint is in progress.
     *
     * @throws DeployException.SavepointFailed if the savepoint has failed; its status is then also COMPLETED
     */
    static Optional<String> location(JsonNode response) throws DeployException {
        if (!response.path("status").path("id").asText().equals("COMPLETED")) {
            return Optional.empty();
        }
        JsonNode operation = response.path("operation");
        if (operation.has("failure-cause")) {
            String trace = operation.path("failure-cause").path("stack-trace").asText();
            throw new DeployException.SavepointFailed(innermostCause(trace));
        }
        return Optional.of(operation.path("location").asText());
    }

    /**
     * Returns whether the job is RUNNING, and each of its tasks is running or finished.
     *
     * <p>A job is RUNNING before its tasks are, and a vertex is RUNNING as soon as one of its tasks is.
     */
    static boolean isUp(JsonNode job) {
        for (JsonNode vertex : job.path("vertices")) {
            JsonNode tasks = vertex.path("tasks");
            int upCount = tasks.path("RUNNING").asInt() + tasks.path("FINISHED").asInt();
            if (upCount != vertex.path("parallelism").asInt()) {
                return false;
            }
        }
        return job.path("state").asText().equals("RUNNING");
    }

    /**
     * Returns the cause in a response of /jobs/:jobid/exceptions.
     *
     * <p>{@code exceptionHistory} was added in 1.13; {@code root-exception} was removed in 2.0.
     */
    static String cause(JsonNode exceptions) {
        JsonNode newest = exceptions.path("exceptionHistory").path("entries").path(0).path("stacktrace");
        JsonNode trace = newest.isTextual() ? newest : exceptions.path("root-exception");
        return trace.isTextual() ? innermostCause(trace.asText()) : "unknown cause";
    }

    /** Returns the last `Caused by` of a Java stack trace, or its first line. */
    static String innermostCause(String trace) {
        Matcher matcher = CAUSED_BY.matcher(trace);
        String cause = trace.lines().findFirst().orElse("");
        while (matcher.find()) {
            cause = matcher.group(1);
        }
        return cause;
    }
}
