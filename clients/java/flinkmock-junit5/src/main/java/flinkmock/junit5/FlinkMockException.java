package flinkmock.junit5;

/** flinkmock rejected a request, or could not be started. */
public final class FlinkMockException extends RuntimeException {
    private final int status;
    private final String type;

    FlinkMockException(String message) {
        this(message, 0, "FlinkMockException");
    }

    FlinkMockException(String message, int status, String type) {
        super(message);
        this.status = status;
        this.type = type;
    }

    /** Returns the status of the response; 0 if there was no response. */
    public int status() {
        return status;
    }

    /** Returns the kind of error, such as "NotFound" or "ScenarioError". */
    public String type() {
        return type;
    }
}
