package deployer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** Deploys and upgrades jobs on one cluster. */
public final class Deployer {
    /** What to do if a response is lost. A retry is safe only if processing the request twice does no harm. */
    private enum IfResponseIsLost {
        RETRY,
        FAIL
    }

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String BOUNDARY = "deployer-boundary";

    private final HttpClient client = HttpClient.newHttpClient();
    private final String url;
    private final Time time;
    private final Duration pollInterval = Duration.ofSeconds(1);
    private final Duration timeout = Duration.ofMinutes(5);
    private final int maxAttempts = 5;

    /**
     * @param url the base URL of the REST API
     * @param time the clock by which the deployer waits
     */
    public Deployer(String url, Time time) {
        this.url = url;
        this.time = time;
    }

    /** Runs a new job, waits until it is up, and returns its id. */
    public String deploy(Path jar) throws DeployException, IOException, InterruptedException {
        return run(upload(jar), Map.of());
    }

    /** Stops a job with a savepoint, runs the new jar from the savepoint, and returns the new job id. */
    public String upgrade(String jobId, Path jar, String directory)
            throws DeployException, IOException, InterruptedException {
        String jarId = upload(jar); // first, so that a failed upload leaves the job running
        return run(jarId, Map.of("savepointPath", stop(jobId, directory)));
    }

    /** Takes a savepoint and returns its path. */
    public String savepoint(String jobId, String directory) throws DeployException, InterruptedException {
        return takeSavepoint(jobId, "savepoints", Map.of("target-directory", directory, "cancel-job", false));
    }

    /** Stops the job with a savepoint and returns the path of the savepoint. */
    public String stop(String jobId, String directory) throws DeployException, InterruptedException {
        return takeSavepoint(jobId, "stop", Map.of("targetDirectory", directory, "drain", false));
    }

    /** Waits until the job is up. Throws JobTerminated with the cause if the job fails. */
    public void waitUntilUp(String jobId) throws DeployException, InterruptedException {
        Instant deadline = time.now().plus(timeout);
        for (JsonNode details = get("/jobs/" + jobId); !Flink.isUp(details); details = get("/jobs/" + jobId)) {
            String state = details.path("state").asText();
            String progress = details.path("name").asText() + " is " + state;
            if (Flink.TERMINAL_STATES.contains(state)) {
                String cause = Flink.cause(get("/jobs/" + jobId + "/exceptions"));
                throw new DeployException.JobTerminated(progress + ": " + cause);
            }
            await(deadline, progress);
        }
    }

    /** Uploads a jar and returns its id. */
    private String upload(Path jar) throws DeployException, IOException, InterruptedException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        String head = "--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"jarfile\"; filename=\""
                + jar.getFileName() + "\"\r\nContent-Type: application/x-java-archive\r\n\r\n";
        body.write(head.getBytes(StandardCharsets.UTF_8));
        Files.copy(jar, body);
        body.write(("\r\n--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.UTF_8));
        BodyPublisher content = BodyPublishers.ofByteArray(body.toByteArray());
        HttpRequest request = request("/jars/upload")
                .header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY)
                .POST(content)
                .build();
        // a repeated upload only leaves an unused jar
        String filename = send(request, 200, IfResponseIsLost.RETRY).path("filename").asText();
        return filename.substring(filename.lastIndexOf('/') + 1);
    }

    private String run(String jarId, Map<String, Object> body) throws DeployException, InterruptedException {
        String path = "/jars/" + Flink.pathSegment(jarId) + "/run";
        String jobId = post(path, body, 200, IfResponseIsLost.FAIL).path("jobid").asText();
        waitUntilUp(jobId);
        return jobId;
    }

    private String takeSavepoint(String jobId, String endpoint, Map<String, Object> fields)
            throws DeployException, InterruptedException {
        Map<String, Object> body = Flink.savepointBody(Flink.acceptsTriggerIds(get("/config")), fields);
        IfResponseIsLost ifResponseIsLost =
                body.containsKey("triggerId") ? IfResponseIsLost.RETRY : IfResponseIsLost.FAIL;
        JsonNode triggered = post("/jobs/" + jobId + "/" + endpoint, body, 202, ifResponseIsLost);
        String statusPath = "/jobs/" + jobId + "/savepoints/" + triggered.path("request-id").asText();
        Instant deadline = time.now().plus(timeout);
        Optional<String> location = Flink.location(get(statusPath));
        while (location.isEmpty()) {
            await(deadline, "the savepoint is not ready");
            location = Flink.location(get(statusPath));
        }
        return location.get();
    }

    private JsonNode get(String path) throws DeployException, InterruptedException {
        return send(request(path).build(), 200, IfResponseIsLost.RETRY);
    }

    private JsonNode post(
            String path, Map<String, Object> body, int expectedStatus, IfResponseIsLost ifResponseIsLost)
            throws DeployException, InterruptedException {
        BodyPublisher content;
        try {
            content = BodyPublishers.ofString(JSON.writeValueAsString(body));
        } catch (JsonProcessingException error) {
            throw new IllegalArgumentException(error);
        }
        HttpRequest request =
                request(path).header("Content-Type", "application/json").POST(content).build();
        return send(request, expectedStatus, ifResponseIsLost);
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(url + path)).timeout(Duration.ofSeconds(30));
    }

    /**
     * Sends a request and returns the parsed response.
     *
     * <p>The request is retried after a 503, because there is no leader that could have processed it. After a lost
     * response, {@code ifResponseIsLost} decides.
     */
    private JsonNode send(HttpRequest request, int expectedStatus, IfResponseIsLost ifResponseIsLost)
            throws DeployException, InterruptedException {
        String name = request.method() + " " + request.uri().getPath() + ": ";
        String problem = "";
        for (int attempt = 0; attempt < maxAttempts; attempt++) {
            if (attempt > 0) {
                time.sleep(pollInterval);
            }
            HttpResponse<String> response;
            try {
                response = client.send(request, BodyHandlers.ofString());
            } catch (IOException error) {
                problem = "no response (" + error + ")";
                if (ifResponseIsLost == IfResponseIsLost.FAIL) {
                    throw new DeployException.ResponseLost(name + problem + "; Flink may have processed the request");
                }
                continue;
            }
            if (response.statusCode() == expectedStatus) {
                return parse(name, response.body());
            }
            problem = response.statusCode() + " " + response.body();
            if (response.statusCode() != 503) {
                break;
            }
        }
        throw new DeployException.RequestFailed(name + problem);
    }

    private static JsonNode parse(String name, String body) throws DeployException {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException error) {
            throw new DeployException.RequestFailed(name + "the body is not JSON: " + body);
        }
    }

    private void await(Instant deadline, String progress) throws DeployException, InterruptedException {
        if (!time.now().isBefore(deadline)) {
            throw new DeployException.TimedOut(progress + " after " + timeout.toSeconds() + " s");
        }
        time.sleep(pollInterval);
    }
}
