package deployer;

import java.time.Duration;
import java.time.Instant;

/** The clock by which a deployer waits. */
public interface Time {
    Instant now();

    void sleep(Duration duration) throws InterruptedException;

    /** The wall clock. */
    Time SYSTEM = new Time() {
        @Override
        public Instant now() {
            return Instant.now();
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
            Thread.sleep(duration.toMillis());
        }
    };
}
