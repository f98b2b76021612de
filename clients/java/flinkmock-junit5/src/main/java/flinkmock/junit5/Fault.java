package flinkmock.junit5;

/**
 * A fault of the cluster.
 *
 * @param hits the number of requests to which it applied
 */
public record Fault(String name, int hits) {}
