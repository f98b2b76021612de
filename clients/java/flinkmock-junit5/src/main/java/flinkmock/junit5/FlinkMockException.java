package flinkmock.junit5;

/** flinkmock rejected a request, could not be started or reached, or was used incorrectly. */
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

    /** Returns the status of the error response; 0 if there was none. */
    public int status() {
        return status;
    }

    /**
     * Returns the type of error that the control API names, such as "NotFound" or "ScenarioError";
     * "FlinkMockException" for errors of this client; "" if the response is not from the control API.
     */
    public String type() {
        return type;
    }
}
