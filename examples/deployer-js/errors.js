/** Base of all errors of the deployer. */
export class DeployError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Flink answered with an error or a body that is not JSON, or all attempts of a request failed. */
export class RequestFailed extends DeployError {}

/** No response arrived for a request that is not safe to retry. Flink may have processed it. */
export class ResponseLost extends DeployError {}

/** Flink could not take the savepoint. The message is the cause. */
export class SavepointFailed extends DeployError {}

/** The job reached a terminal state instead of RUNNING. */
export class JobTerminated extends DeployError {}

/** A job or a savepoint was not ready in time. */
export class TimedOut extends DeployError {}
