package deployer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import flinkmock.junit5.FlinkMock;
import flinkmock.junit5.FlinkMockTest;
import flinkmock.junit5.Job.Savepoint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@FlinkMockTest(scenario = "orders.yaml", clock = "virtual")
class DeployerTest {
    private static final String DIRECTORY = "s3://savepoints";
    private static final String LOST_RESPONSE =
            "{match: POST /jobs/:jobid/savepoints, times: 1, drop: after-processing}";

    private static final String NOT_JSON = "{match: POST /jobs/:jobid/savepoints, corrupt: html}";
    private static final String SNAPSHOT = "{match: GET /config, set: {flink-version: 1.20-SNAPSHOT}}";

    private Deployer deployer;
    private Path jar;

    @BeforeEach
    void start(FlinkMock flink, @TempDir Path folder) throws IOException {
        flink.advance("1m"); // now the tasks of `orders` are running
        deployer = new Deployer(flink.url(), new ClusterTime(flink));
        jar = writeJar(folder.resolve("orders-2 +10%.jar"));
    }

    /** Writes the jar of the new version, with the manifest that a cluster reads. URLs must encode its name. */
    private static Path writeJar(Path path) throws IOException {
        try (ZipOutputStream archive = new ZipOutputStream(Files.newOutputStream(path))) {
            archive.putNextEntry(new ZipEntry("META-INF/MANIFEST.MF"));
            String manifest = "Manifest-Version: 1.0\r\nMain-Class: org.example.Orders\r\n\r\n";
            archive.write(manifest.getBytes(StandardCharsets.UTF_8));
        }
        return path;
    }

    private static List<String> savepoints(FlinkMock flink, String job) {
        return flink.job(job).savepoints().stream().map(Savepoint::path).toList();
    }

    /** The tests that run on several releases. */
    abstract class OnEachRelease {
        @Test
        void aDeployedJobIsUp(FlinkMock flink) throws Exception {
            String job = deployer.deploy(jar);
            assertEquals(flink.job("orders").id(), job);
            assertEquals("RUNNING", flink.job("orders").state());
            flink.requests().expectInOrder("POST /jars/upload", "POST /jars/:jarid/run", "GET /jobs/:jobid");
        }

        @Test
        void anUpgradeRestoresTheLastSavepoint(FlinkMock flink) throws Exception {
            String oldId = flink.job("orders").id();
            String job = deployer.upgrade(oldId, jar, DIRECTORY);
            assertEquals("FINISHED", flink.job(oldId).state());
            assertEquals(flink.job("orders").id(), job);
            assertEquals(savepoints(flink, oldId), List.of(flink.job(job).restoredFrom()));
            flink.requests().expectInOrder("POST /jars/upload", "POST /jobs/:jobid/stop", "POST /jars/:jarid/run");
        }
    }

    /** The tests that run on several releases with trigger ids. */
    abstract class WithTriggerIds extends OnEachRelease {
        @Test
        void aLostResponseTriggersNoSecondSavepoint(FlinkMock flink) throws Exception {
            flink.faults().add(LOST_RESPONSE);
            String location = deployer.savepoint(flink.job("orders").id(), DIRECTORY);
            assertEquals(savepoints(flink, "orders"), List.of(location));
            flink.requests().expect("POST /jobs/:jobid/savepoints", "2 times");
        }
    }

    @Nested
    @FlinkMockTest(scenario = "orders.yaml", clock = "virtual", flink = "1.12")
    class OnFlink112 extends OnEachRelease {
        @Test
        void withoutTriggerIdsNoRequestIsRetried(FlinkMock flink) {
            flink.faults().add(LOST_RESPONSE);
            String job = flink.job("orders").id();
            assertThrows(DeployException.ResponseLost.class, () -> deployer.savepoint(job, DIRECTORY));
            flink.requests().expect("POST /jobs/:jobid/savepoints", "once");
        }

        @Test
        void aBodyThatIsNotJsonIsAnError(FlinkMock flink) {
            flink.faults().add(NOT_JSON);
            String job = flink.job("orders").id();
            String message = assertThrows(
                            DeployException.RequestFailed.class, () -> deployer.savepoint(job, DIRECTORY))
                    .getMessage();
            assertTrue(message.contains("<html"), message);
        }
    }

    @Nested
    @FlinkMockTest(scenario = "orders.yaml", clock = "virtual", flink = "1.20")
    class OnFlink120 extends WithTriggerIds {
        @Test
        void aSnapshotVersionAcceptsTriggerIds(FlinkMock flink) throws Exception {
            flink.faults().add(SNAPSHOT);
            flink.faults().add(LOST_RESPONSE);
            String location = deployer.savepoint(flink.job("orders").id(), DIRECTORY);
            assertEquals(savepoints(flink, "orders"), List.of(location));
        }
    }

    @Nested
    @FlinkMockTest(scenario = "orders.yaml", clock = "virtual", flink = "2.3")
    class OnFlink23 extends WithTriggerIds {}

    @Test
    @FlinkMockTest(scenario = "disk-full.yaml", clock = "virtual")
    void afterAFailedStopNoJobIsStarted(FlinkMock flink) {
        String oldId = flink.job("orders").id();
        String message = assertThrows(
                        DeployException.SavepointFailed.class, () -> deployer.upgrade(oldId, jar, DIRECTORY))
                .getMessage();
        assertTrue(message.contains("No space left on device"), message);
        assertEquals("RUNNING", flink.job(oldId).state());
        flink.requests().expect("POST /jars/:jarid/run", "never");
    }

    @Test
    @FlinkMockTest(scenario = "disk-full.yaml", clock = "virtual")
    void completedDoesNotMeanSuccess(FlinkMock flink) {
        String job = flink.job("orders").id();
        assertThrows(DeployException.SavepointFailed.class, () -> deployer.savepoint(job, DIRECTORY));
    }

    @Test
    void thePathOfASavepointIsReturned(FlinkMock flink) throws Exception {
        String location = deployer.savepoint(flink.job("orders").id(), DIRECTORY);
        assertEquals(savepoints(flink, "orders"), List.of(location));
    }

    @Test
    void requestsWithoutALeaderAreRetried(FlinkMock flink) throws Exception {
        flink.faults().add("{times: 3, reply: leader-unavailable}");
        deployer.deploy(jar);
        flink.requests().expect("POST /jars/upload", "4 times");
    }

    @Test
    void requestsAreNotRetriedForever(FlinkMock flink) {
        flink.faults().add("reply: leader-unavailable");
        String message = assertThrows(DeployException.RequestFailed.class, () -> deployer.deploy(jar))
                .getMessage();
        assertTrue(message.contains("503"), message);
    }

    @Test
    @FlinkMockTest(scenario = "out-of-memory.yaml", clock = "virtual")
    void aFailedJobIsReportedWithItsCause() {
        String message = assertThrows(DeployException.JobTerminated.class, () -> deployer.deploy(jar))
                .getMessage();
        assertEquals("orders is FAILED: java.lang.OutOfMemoryError: Java heap space", message);
    }

    @Test
    void aDeploymentWaitsForTheNextLeader(FlinkMock flink) throws Exception {
        flink.crashLeader("3s");
        String job = deployer.deploy(jar);
        assertEquals("RUNNING", flink.job(job).state());
    }

    @Test
    void theNextLeaderDoesNotKnowTheTriggerId(FlinkMock flink) {
        Time time = new Time() {
            private boolean crashed;

            @Override
            public Instant now() {
                return flink.now();
            }

            @Override
            public void sleep(Duration duration) {
                flink.advance(duration);
                if (!crashed) {
                    flink.crashLeader("2s");
                }
                crashed = true;
            }
        };
        String job = flink.job("orders").id();
        String message = assertThrows(
                        DeployException.RequestFailed.class,
                        () -> new Deployer(flink.url(), time).savepoint(job, DIRECTORY))
                .getMessage();
        assertTrue(message.contains("404"), message);
    }

    @Test
    @FlinkMockTest(scenario = "{jobs: {orders: streaming}, operations: {savepoint: 10m}}", clock = "virtual")
    void aSlowSavepointTimesOut(FlinkMock flink) {
        String job = flink.job("orders").id();
        String message = assertThrows(DeployException.TimedOut.class, () -> deployer.savepoint(job, DIRECTORY))
                .getMessage();
        assertEquals("the savepoint is not ready after 300 s", message);
    }
}
