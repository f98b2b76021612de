package deployer;

import flinkmock.junit5.FlinkMock;
import java.time.Duration;
import java.time.Instant;

/** The time of a cluster whose clock is virtual: it advances only while the deployer sleeps. */
record ClusterTime(FlinkMock flink) implements Time {
    @Override
    public Instant now() {
        return flink.now();
    }

    @Override
    public void sleep(Duration duration) {
        flink.advance(duration);
    }
}
