package flinkmock.junit5;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/** The requests that clients have sent to a cluster. Requests to the control API are not included. */
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
        return list(control.get("/requests" + ControlApi.queryString(Map.of("match", match))));
    }

    /**
     * Returns the requests that match no operation that the cluster has, and no page of the dashboard, except those to
     * which a fault applied and those that the test expects.
     */
    public List<Exchange> unexpected() {
        return list(control.get("/requests?unexpected=true"));
    }

    /** Clears the journal of requests. */
    public void clear() {
        control.delete("/requests");
    }

    /** Checks that a request was sent, and returns the matching requests. The failure message shows near misses. */
    public List<Exchange> expect(String match) {
        return expect(match, "1.. times");
    }

    /** Checks how often a request was sent: "never", "once", "3 times", "1..10 times". */
    public List<Exchange> expect(String match, String times) {
        return list(control.post("/requests/expect", Map.of("match", match, "times", times)));
    }

    /**
     * Checks how often a request with this body was sent.
     *
     * @param body the JSON that the body has to contain; strings may have the wildcard {@code *}
     */
    public List<Exchange> expect(String match, String times, Map<String, ?> body) {
        return list(control.post("/requests/expect", Map.of("match", match, "times", times, "body", body)));
    }

    /** Checks that requests were sent in this order. There may be other requests between them. */
    public void expectInOrder(String... matches) {
        control.post("/requests/expect-in-order", Map.of("matches", matches));
    }

    /**
     * Waits until clients have sent this number of matching requests, and returns them.
     *
     * @param timeout the maximum time to wait, on the wall clock
     */
    public List<Exchange> waitFor(String match, int times, String timeout) {
        return list(control.post("/requests/wait", Map.of("match", match, "times", times, "timeout", timeout)));
    }

    private static List<Exchange> list(JsonNode response) {
        return List.of(ControlApi.convert(response.get("requests"), Exchange[].class));
    }
}
