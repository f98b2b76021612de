package flinkmock.junit5;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;

@FlinkMockTest(scenario = "orders.yaml")
class FlinkMockExtensionTest {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final String SAVEPOINT = "POST /jobs/:jobid/savepoints";

    private FlinkMock clusterBeforeTest;

    @BeforeEach
    void storeCluster(FlinkMock flink) {
        clusterBeforeTest = flink;
    }

    static HttpResponse<String> get(String url) throws IOException, InterruptedException {
        return CLIENT.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString());
    }

    @Test
    void aTestGetsOneClusterWithTheScenarioOfItsClass(FlinkMock flink) throws Exception {
        assertEquals(clusterBeforeTest, flink);
        assertEquals("http://" + flink.host() + ":" + flink.port(), flink.url());
        assertTrue(get(flink.url() + "/jobs/overview").body().contains("\"name\":\"orders\""));
        assertEquals(1, flink.requests().list().size());
    }

    @Test
    @FlinkMockTest(scenario = "{jobs: {returns: batch}, clock: virtual}", flink = "1.20")
    void theAnnotationOfAMethodReplacesThatOfTheClass(FlinkMock flink) {
        assertTrue(flink.flink().startsWith("1.20."));
        assertEquals("returns", flink.jobs().get(0).name());
    }

    @Test
    @FlinkMockTest(scenario = "{jobs: {returns: batch}, clock: virtual}")
    void theClockAdvancesByADurationAndUntilAJobIsInAState(FlinkMock flink) {
        Instant begin = flink.now();
        assertEquals(begin.plusMillis(1500), flink.advance(Duration.ofMillis(1500)));
        flink.runUntil("returns", "FINISHED");
        assertEquals("FINISHED", flink.job("returns").state());
        FlinkMockException error =
                assertThrows(FlinkMockException.class, () -> flink.runUntil("returns", "RUNNING"));
        assertEquals(409, error.status());
        assertEquals("StateNeverReached", error.type());
    }

    @Nested
    class InANestedClass {
        @Test
        void theScenarioIsThatOfTheOuterClass(FlinkMock flink) {
            assertEquals("orders", flink.jobs().get(0).name());
        }
    }

    @Test
    void eachRequestAdvancesTheClockByASecond(FlinkMock flink) throws Exception {
        Instant before = flink.now();
        get(flink.url() + "/jobs");
        assertEquals(before.plusSeconds(1), flink.now());
    }

    @Test
    @FlinkMockTest(clock = "virtual", startTime = "2026-03-01T00:00:00Z")
    void aScenarioBeginsAtTheStartTime(FlinkMock flink) {
        assertEquals(Instant.parse("2026-03-01T00:00:00Z"), flink.now());
    }

    @Test
    @FlinkMockTest(clock = "virtual")
    void jobsAreSubmittedFailRestartFinishAndAreCancelled(FlinkMock flink) throws Exception {
        Job job = flink.submitJob("orders", "streaming");
        flink.runUntil("orders", "RUNNING");
        flink.restartJob(job.id());
        flink.runUntil("orders", "RUNNING");
        assertEquals(1, flink.job("orders").restarts());
        flink.failJob("orders", "java.io.IOException", "disk full");
        String exceptions = get(flink.url() + "/jobs/" + job.id() + "/exceptions").body();
        assertTrue(exceptions.contains("java.io.IOException: disk full"));
        flink.cancelJob("orders");
        flink.runUntil("orders", "CANCELED");
        flink.submitJob("report", "streaming");
        flink.runUntil("report", "RUNNING");
        flink.finishJob("report");
        flink.runUntil("report", "FINISHED");
        assertEquals("report", flink.waitForJob("report", "FINISHED", "1s").name());
    }

    @Test
    @FlinkMockTest(scenario = "jobs: {orders: {lifecycle: [RUNNING: signal go, FINISHED]}}", clock = "virtual")
    void aSignalLetsAWaitingJobContinue(FlinkMock flink) {
        flink.advance("1h");
        assertEquals("RUNNING", flink.job("orders").state());
        flink.signal("go");
        flink.runUntil("orders", "FINISHED");
    }

    @Test
    @FlinkMockTest(clock = "virtual")
    void theLeaderCrashesAndTaskManagersJoinAndLeave(FlinkMock flink) throws Exception {
        flink.crashLeader("5s");
        assertThrows(IOException.class, () -> get(flink.url() + "/taskmanagers"));
        flink.advance("1m");
        String id = flink.addTaskManager();
        assertTrue(get(flink.url() + "/taskmanagers").body().contains(id));
        flink.loseTaskManager(id);
    }

    @Test
    void faultsAreAddedListedAndRemoved(FlinkMock flink) throws Exception {
        flink.faults().add("{name: no leader, match: GET /jobs, times: 1, reply: leader-unavailable}");
        assertEquals(503, get(flink.url() + "/jobs").statusCode());
        assertEquals(200, get(flink.url() + "/jobs").statusCode());
        assertEquals(1, flink.faults().hits("no leader"));
        assertEquals("slow", flink.faults().add(Map.of("name", "slow", "match", "GET /jobs", "delay", "1s")).name());
        assertEquals(2, flink.faults().list().size());
        flink.faults().remove("slow");
        flink.faults().clear();
        assertEquals(List.of(), flink.faults().list());
        assertThrows(FlinkMockException.class, () -> flink.faults().add("{match: GET /jobs, dely: 1s}"));
    }

    @Test
    void requestsAreListedAndExpected(FlinkMock flink) throws Exception {
        String path = "/jobs/" + flink.job("orders").id() + "/savepoints";
        HttpRequest request = HttpRequest.newBuilder(URI.create(flink.url() + path))
                .POST(BodyPublishers.ofString("{\"target-directory\": \"s3://a\"}"))
                .build();
        CLIENT.send(request, BodyHandlers.discarding());
        get(flink.url() + "/jobs");
        Exchange exchange = flink.requests()
                .expect(SAVEPOINT, "once", Map.of("target-directory", "s3://*"))
                .get(0);
        assertEquals("s3://a", exchange.body().path("target-directory").asText());
        assertEquals(202, exchange.status());
        assertEquals(1, flink.requests().list(SAVEPOINT).size());
        assertEquals(1, flink.requests().waitFor("GET /jobs", 1, "1s").size());
        flink.requests().expect("GET /jobs");
        flink.requests().expectInOrder(SAVEPOINT, "GET /jobs");
        AssertionFailedError error =
                assertThrows(AssertionFailedError.class, () -> flink.requests().expect(SAVEPOINT, "never"));
        assertTrue(error.getMessage().contains("savepoints"));
        flink.requests().clear();
        assertEquals(List.of(), flink.requests().list());
    }

    @Test
    @FlinkMockTest(scenario = "orders.yaml", clock = "virtual")
    void snapshotsAreRestoredAndScenariosReplaced(FlinkMock flink) {
        String snapshot = flink.snapshot();
        flink.submitJob("returns", "batch");
        flink.restore(snapshot);
        assertEquals(1, flink.jobs().size());
        flink.submitJob("returns", "batch");
        flink.reset();
        assertEquals(1, flink.jobs().size());
        flink.loadScenario("jobs: {a: batch, b: batch}", "1.12", "");
        assertEquals(2, flink.jobs().size());
        assertTrue(flink.flink().startsWith("1.12."));
    }

    @Test
    @FlinkMockTest(scenario = "expect: [GET /overview: 1]", flink = "2.3")
    void verifyReportsUnmetExpectationsAndUnmatchedRequests(FlinkMock flink) throws Exception {
        get(flink.url() + "/job");
        String message = assertThrows(AssertionFailedError.class, flink::verify).getMessage();
        assertTrue(message.contains("GET /overview"), message);
        assertTrue(message.contains("has no operation GET /job."), message);
        flink.loadScenario("", "", ""); // so that the verification at the end of the test passes
    }

    @Test
    @FlinkMockTest(allowUnexpected = true, scenario = "faults: [{name: slow, match: GET /jobs, delay: 1s}]")
    void unmatchedRequestsCanBeAllowedAndUnusedFaultsAreReported(FlinkMock flink) throws Exception {
        get(flink.url() + "/job");
        flink.verify();
        assertTrue(flink.findings().toString().contains("slow"));
    }

    @Test
    void connectUsesARunningServer(FlinkMock flink) {
        // the second argument is the control token, which this cluster does not need
        try (FlinkMock connected = FlinkMock.connect(flink.url() + "/", "any token")) {
            assertEquals(flink.url(), connected.url());
            connected.loadScenario("jobs: {returns: batch}", "", "");
        }
        assertEquals("returns", flink.jobs().get(0).name());
        FlinkMockException error =
                assertThrows(FlinkMockException.class, () -> flink.call("GET", "/jobs/gone", null));
        assertEquals(404, error.status());
    }
}
