package flinkmock.junit5;

/**
 * A fault between clients and the cluster.
 *
 * @param hits the number of requests to which the fault applied
 */
public record Fault(String name, int hits) {}
