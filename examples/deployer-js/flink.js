/** Requests and responses of Flink. This module does no I/O. */

import { randomUUID } from "node:crypto";

import { SavepointFailed } from "./errors.js";

export const TERMINAL_STATES = new Set(["FINISHED", "CANCELED", "FAILED", "SUSPENDED"]);

/**
 * Returns whether a client can choose the trigger id, which is possible since Flink 1.15. Two requests with the same id
 * trigger one operation.
 */
export function acceptsTriggerIds(config) {
  const [major, minor] = config["flink-version"].split(/[.-]/).map(Number); // such as 1.20-SNAPSHOT
  return major > 1 || minor >= 15;
}

/** Returns a value as a segment of a path. It is percent-encoded twice, because Flink decodes paths twice. */
export function pathSegment(value) {
  return encodeURIComponent(encodeURIComponent(value));
}

/** Returns the body of a savepoint request, with a trigger id if the release accepts one. */
export function savepointBody(withTriggerId, fields) {
  return withTriggerId ? { ...fields, triggerId: randomUUID().replaceAll("-", "") } : fields;
}

/**
 * Returns the savepoint path, or null while the savepoint is in progress.
 *
 * @throws SavepointFailed if the savepoint has failed; the status of a failed savepoint is also COMPLETED
 */
export function locationOf(response) {
  if (response.status.id !== "COMPLETED") return null;
  const { location, "failure-cause": failure } = response.operation;
  if (failure) throw new SavepointFailed(innermostCause(failure["stack-trace"]));
  return location;
}

/**
 * Returns whether the job is RUNNING, and each of its tasks is running or finished.
 *
 * A job is RUNNING before its tasks are, and a vertex is RUNNING as soon as one of its tasks is.
 */
export function isUp({ state, vertices }) {
  const allTasksAreUp = ({ tasks, parallelism }) => tasks.RUNNING + tasks.FINISHED === parallelism;
  return state === "RUNNING" && vertices.every(allTasksAreUp);
}

/**
 * Returns the cause in a response of /jobs/:jobid/exceptions.
 *
 * `exceptionHistory` was added in 1.13; `root-exception` was removed in 2.0.
 */
export function causeOf(exceptions) {
  const trace = exceptions.exceptionHistory?.entries?.[0]?.stacktrace ?? exceptions["root-exception"];
  return trace ? innermostCause(trace) : "unknown cause";
}

/** Returns the last `Caused by` of a Java stack trace, or its first line. */
export function innermostCause(trace) {
  const causes = [...trace.matchAll(/^Caused by: (.*)/gm)];
  return causes.length ? causes.at(-1)[1] : trace.split("\n")[0];
}
