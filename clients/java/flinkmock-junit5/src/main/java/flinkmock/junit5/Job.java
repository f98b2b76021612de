package flinkmock.junit5;

import java.util.List;

/**
 * A job of the cluster.
 *
 * @param restoredFrom the savepoint or checkpoint that the job was started from, or null
 * @param savepoints the completed savepoints, oldest first
 */
public record Job(String id, String name, String state, int restarts, String restoredFrom, List<Savepoint> savepoints) {
    /** A completed savepoint. */
    public record Savepoint(long id, String path) {}
}
