package deployer;

/** Base of all exceptions of the deployer. */
public sealed class DeployException extends Exception {
    private DeployException(String message) {
        super(message);
    }

    /** Flink answered with an error or a body that is not JSON, or all attempts of a request failed. */
    public static final class RequestFailed extends DeployException {
        RequestFailed(String message) {
            super(message);
        }
    }

    /** No response arrived for a request that is not safe to retry. Flink may have processed it. */
    public static final class ResponseLost extends DeployException {
        ResponseLost(String message) {
            super(message);
        }
    }

    /** Flink could not take the savepoint. The message is the cause. */
    public static final class SavepointFailed extends DeployException {
        SavepointFailed(String message) {
            super(message);
        }
    }

    /** The job reached a terminal state instead of RUNNING. */
    public static final class JobTerminated extends DeployException {
        JobTerminated(String message) {
            super(message);
        }
    }

    /** A job or a savepoint was not ready in time. */
    public static final class TimedOut extends DeployException {
        TimedOut(String message) {
            super(message);
        }
    }
}
