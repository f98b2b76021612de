package flinkmock.junit5;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.opentest4j.AssertionFailedError;

/**
 * A fake Flink cluster. {@link FlinkMockTest} injects one into each test.
 *
 * <p>The methods call flinkmock's control API, and throw {@link FlinkMockException} if the API rejects a request.
 * Durations in text have a unit: "500ms", "3s", "2m30s", "1h".
 */
public final class FlinkMock implements AutoCloseable {
    private static final String DEFAULT_CLOCK = "1s per request";

    private final String url;
    private final ControlApi control;
    private final boolean allowUnexpected;
    private final Runnable deleteCluster;
    private String flink;
    private boolean closed;

    private FlinkMock(String url, ControlApi control, boolean allowUnexpected, Runnable deleteCluster) {
        this.url = url;
        this.control = control;
        this.allowUnexpected = allowUnexpected;
        this.deleteCluster = deleteCluster;
        this.flink = control.get("/version").path("flink").asText();
    }

    static FlinkMock open(FlinkMockTest settings, ClassLoader classLoader) {
        ControlApi server = Server.control();
        Map<String, String> query = new LinkedHashMap<>();
        query.put("flink", settings.flink());
        query.put("clock", settings.clock());
        query.put("start-time", settings.startTime());
        query.put("default-clock", DEFAULT_CLOCK);
        query.put("idle-timeout", "never");
        String scenario = scenarioBody(settings.scenario(), classLoader);
        JsonNode cluster =
                server.send("POST", "/clusters" + ControlApi.queryString(query), "application/yaml", scenario);
        String path = "/clusters/" + cluster.path("id").asText();
        ControlApi control = new ControlApi(cluster.path("control-url").asText(), "");
        return new FlinkMock(
                cluster.path("url").asText(), control, settings.allowUnexpected(), () -> server.delete(path));
    }

    /**
     * Connects to a running {@code flinkmock serve}, for example in a container.
     *
     * @param url the base URL of Flink's REST API
     * @param token the control token; may be empty
     */
    public static FlinkMock connect(String url, String token) {
        String base = url.replaceAll("/$", "");
        return new FlinkMock(base, new ControlApi(base + ControlApi.PREFIX, token), false, () -> {});
    }

    /** Returns the base URL of Flink's REST API, without a slash at the end. */
    public String url() {
        return url;
    }

    /** Returns the host of {@link #url}. */
    public String host() {
        return URI.create(url).getHost();
    }

    /** Returns the port of {@link #url}. */
    public int port() {
        return URI.create(url).getPort();
    }

    /** Returns the base URL of the control API. */
    public String controlUrl() {
        return control.url();
    }

    /** Returns the version of Flink that is served, such as "1.20.5". */
    public String flink() {
        return flink;
    }

    /** Returns the cluster time. */
    public Instant now() {
        return timeOf(control.get("/clock"));
    }

    /** Advances the cluster time and returns it. */
    public Instant advance(String by) {
        return timeOf(control.post("/clock/advance", Map.of("by", by)));
    }

    /** Advances the cluster time and returns it. */
    public Instant advance(Duration by) {
        return advance(by.toMillis() + "ms");
    }

    /** Advances the cluster time until the job is in the state, and returns the cluster time. */
    public Instant runUntil(String job, String state) {
        return timeOf(control.post("/clock/run-until", Map.of("job", job, "state", state)));
    }

    /** Returns all jobs in order of submission. */
    public List<Job> jobs() {
        return List.of(ControlApi.convert(control.get("/jobs").get("jobs"), Job[].class));
    }

    /** Returns a job. */
    public Job job(String idOrName) {
        return control.get("/jobs/" + ControlApi.encode(idOrName), Job.class);
    }

    /** Submits a job from a built-in template, such as "streaming" or "batch", or from a template of the scenario. */
    public Job submitJob(String name, String template) {
        return control.post("/jobs", Map.of("name", name, "template", template), Job.class);
    }

    /** Makes a task of the job throw an exception. */
    public Job failJob(String job, String exceptionClass, String message) {
        return callJob(job, "fail", Map.of("exception", Map.of("class", exceptionClass, "message", message)));
    }

    /** Makes the job finish. */
    public Job finishJob(String job) {
        return callJob(job, "finish", null);
    }

    /** Cancels the job. */
    public Job cancelJob(String job) {
        return callJob(job, "cancel", null);
    }

    /** Restarts all tasks of the job. */
    public Job restartJob(String job) {
        return callJob(job, "restart", null);
    }

    /**
     * Waits until the job is in the state, without advancing the cluster time.
     *
     * @param timeout the maximum time to wait, on the wall clock
     */
    public Job waitForJob(String job, String state, String timeout) {
        return callJob(job, "wait", Map.of("state", state, "timeout", timeout));
    }

    /** Sends a signal for which the scenario waits. */
    public void signal(String name) {
        control.post("/signals/" + ControlApi.encode(name), null);
    }

    /** Crashes the leader. The next leader is elected after the duration. */
    public void crashLeader(String duration) {
        control.post("/leader/crash", Map.of("for", duration));
    }

    /** Adds a TaskManager and returns its id. */
    public String addTaskManager() {
        return control.post("/taskmanagers/join", null).path("id").asText();
    }

    /** Removes a TaskManager as if its process had crashed. */
    public void loseTaskManager(String id) {
        control.post("/taskmanagers/lose", Map.of("id", id));
    }

    /** Returns the faults of the cluster. */
    public Faults faults() {
        return new Faults(control);
    }

    /** Returns the requests that clients have sent. */
    public Requests requests() {
        return new Requests(control);
    }

    /**
     * Replaces the cluster with one that has another scenario, at the same address.
     *
     * @param scenario YAML or JSON text, or the name of a built-in scenario
     * @param flink the minor release to serve; "" for the one that the cluster was created with, else the scenario's
     * @param clock the clock mode; "" for the one that the cluster was created with, else the scenario's
     */
    public void loadScenario(String scenario, String flink, String clock) {
        String query = ControlApi.queryString(Map.of("flink", flink, "clock", clock));
        control.send("PUT", "/scenario" + query, "application/yaml", scenario);
        this.flink = control.get("/version").path("flink").asText();
    }

    /** Starts the cluster again with the same scenario, at the same address. */
    public void reset() {
        control.post("/reset", null);
    }

    /** Takes a snapshot of the cluster and returns its id. */
    public String snapshot() {
        return control.post("/snapshots", null).path("id").asText();
    }

    /** Restores a snapshot. */
    public void restore(String snapshotId) {
        control.post("/snapshots/" + ControlApi.encode(snapshotId) + "/restore", null);
    }

    /**
     * Calls an operation of the control API and returns its response.
     *
     * @param path the path below {@link #controlUrl}
     * @param body the body, which is encoded as JSON; null for no body
     */
    public JsonNode call(String method, String path, Object body) {
        return control.send(method, path, "application/json", ControlApi.toJson(body));
    }

    /**
     * Checks the expectations of the scenario, and that each request matched an operation of the release, unless a
     * fault applied to it or the test expected it.
     */
    public void verify() {
        List<String> problems = new ArrayList<>();
        for (JsonNode expectation : control.get("/expectations").path("expectations")) {
            if (!expectation.path("met").asBoolean()) {
                problems.add(expectation.path("message").asText());
            }
        }
        if (!allowUnexpected) {
            for (Exchange request : requests().unexpected()) {
                problems.add("Flink " + flink + " has no operation " + request.method() + " " + request.target() + ".");
            }
        }
        if (!problems.isEmpty()) {
            throw new AssertionFailedError(String.join("\n", problems));
        }
    }

    /**
     * Returns sentences about faults that applied to no request, expectations that no request can match, and fields and
     * query parameters of requests that the release does not read.
     */
    public List<String> findings() {
        List<String> sentences = new ArrayList<>();
        JsonNode findings = control.get("/findings");
        findings.path("unused").forEach(sentence -> sentences.add(sentence.asText()));
        findings.path("ignored").forEach(sentence -> sentences.add(sentence.asText()));
        return sentences;
    }

    /** Deletes the cluster. Further calls have no effect. A cluster of {@link #connect} is not deleted. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            deleteCluster.run();
        }
    }

    private Job callJob(String idOrName, String operation, Object body) {
        return control.post("/jobs/" + ControlApi.encode(idOrName) + "/" + operation, body, Job.class);
    }

    private static Instant timeOf(JsonNode clock) {
        return Instant.ofEpochMilli(clock.path("now").asLong());
    }

    /**
     * Returns the body of a request that loads a scenario: the path of a file or of a resource outside of jars, the
     * content of a resource in a jar, and any other scenario unchanged.
     */
    private static String scenarioBody(String scenario, ClassLoader classLoader) {
        if (!scenario.matches("[^\n]+\\.ya?ml")) {
            return scenario;
        }
        if (Files.exists(Path.of(scenario))) {
            return Path.of(scenario).toAbsolutePath().toString();
        }
        URL resource = classLoader.getResource(scenario);
        if (resource == null) {
            return scenario;
        }
        try {
            URI uri = resource.toURI();
            return uri.getScheme().equals("file")
                    ? Path.of(uri).toString()
                    : new String(resource.openStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (URISyntaxException | IOException error) {
            throw new FlinkMockException(scenario + ": " + error);
        }
    }
}
