package flinkmock.junit5;

import java.util.List;

/**
 * A job of the cluster.
 *
 * @param restoredFrom the path of the savepoint or checkpoint from which the job was last restored; null if
 *     it was not restored
 * @param savepoints the completed savepoints, oldest first
 */
public record Job(String id, String name, String state, int restarts, String restoredFrom, List<Savepoint> savepoints) {
    /** A completed savepoint. */
    public record Savepoint(long id, String path) {}
}
