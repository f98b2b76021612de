package flinkmock.junit5;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/** The requests that clients have sent to a cluster. Calls of the control API are not among them. */
public final class Requests {
    private final ControlApi control;

    Requests(ControlApi control) {
        this.control = control;
    }

    /** Returns all requests. */
    public List<Exchange> list() {
        return list(control.get("/requests"));
    }

    /** Returns the requests with this method and path, such as "POST /jobs/:jobid/savepoints". */
    public List<Exchange> list(String match) {
        return list(control.get("/requests" + ControlApi.query(Map.of("match", match))));
    }

    /** Returns the requests that match no operation of the release, unless a fault answered or somebody expected them. */
    public List<Exchange> unexpected() {
        return list(control.get("/requests?unexpected=true"));
    }

    /** Forgets the requests. */
    public void clear() {
        control.delete("/requests");
    }

    /** Checks that a request has come, and returns all that match. Fails with near misses. */
    public List<Exchange> expect(String match) {
        return expect(match, "1.. times");
    }

    /** Checks how often a request has come: "never", "once", "3 times", "1..10 times". Fails with near misses. */
    public List<Exchange> expect(String match, String times) {
        return list(control.post("/requests/expect", Map.of("match", match, "times", times)));
    }

    /**
     * Checks how often a request with this body has come.
     *
     * @param body what the JSON body has to contain; texts may have {@code *} as a wildcard
     */
    public List<Exchange> expect(String match, String times, Map<String, ?> body) {
        return list(control.post("/requests/expect", Map.of("match", match, "times", times, "body", body)));
    }

    /** Checks that requests have come one after the other. Others may have come in between. */
    public void expectInOrder(String... matches) {
        control.post("/requests/expect-in-order", Map.of("matches", matches));
    }

    /** Waits until so many requests have come. The timeout is of the wall clock. */
    public List<Exchange> waitFor(String match, int times, String timeout) {
        return list(control.post("/requests/wait", Map.of("match", match, "times", times, "timeout", timeout)));
    }

    private static List<Exchange> list(JsonNode response) {
        return List.of(ControlApi.convert(response.get("requests"), Exchange[].class));
    }
}
