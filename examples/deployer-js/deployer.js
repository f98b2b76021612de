import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { JobTerminated, RequestFailed, ResponseLost, TimedOut } from "./errors.js";
import { TERMINAL_STATES, causeOf, acceptsTriggerIds, isUp, locationOf, pathSegment, savepointBody } from "./flink.js";

/** Returns the parsed body of a response to a request such as "GET /jobs". Throws RequestFailed if it is not JSON. */
function parseBody(request, body) {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new RequestFailed(`${request}: the body is not JSON: ${body}`, { cause: error });
  }
}

/**
 * Deploys and upgrades jobs on one cluster. All methods reject with a DeployError if Flink or a job fails; those that
 * upload a jar reject with the error of the file system if the jar cannot be read.
 */
export class Deployer {
  #url;
  #options;
  #acceptsTriggerIds;

  /**
   * @param {string} url - the base URL of the REST API
   * @param {object} options
   * @param {number} options.pollInterval - the interval between two polls, and before a retry, in ms
   * @param {number} options.timeout - how long to wait for a job or a savepoint, in ms
   * @param {number} options.maxAttempts - the maximum number of attempts of one request
   * @param {(ms: number) => Promise<unknown>} options.sleep - waits for a number of milliseconds
   * @param {() => number} options.now - the time in ms
   */
  constructor(url, options = {}) {
    this.#url = url;
    this.#options = { pollInterval: 1000, timeout: 300_000, maxAttempts: 5, sleep, now: Date.now, ...options };
  }

  /** Runs a new job, waits until it is up, and returns its id. */
  async deploy(jar) {
    return this.#run(await this.#upload(jar));
  }

  /** Stops a job with a savepoint, runs the new jar from the savepoint, and returns the new job id. */
  async upgrade(jobId, jar, directory) {
    const jarId = await this.#upload(jar); // first, so that a failed upload leaves the job running
    return this.#run(jarId, await this.stop(jobId, directory));
  }

  /** Takes a savepoint and returns its path. */
  savepoint(jobId, directory) {
    return this.#takeSavepoint(jobId, "savepoints", { "target-directory": directory, "cancel-job": false });
  }

  /** Stops the job with a savepoint and returns the path of the savepoint. */
  stop(jobId, directory) {
    return this.#takeSavepoint(jobId, "stop", { targetDirectory: directory, drain: false });
  }

  /** Waits until the job is up. Rejects with JobTerminated and the cause if the job ends before. */
  async waitUntilUp(jobId) {
    const deadline = this.#options.now() + this.#options.timeout;
    for (;;) {
      const details = await this.#send("GET", `/jobs/${jobId}`);
      const progress = `${details.name} is ${details.state}`;
      if (isUp(details)) return;
      if (TERMINAL_STATES.has(details.state)) {
        throw new JobTerminated(`${progress}: ${causeOf(await this.#send("GET", `/jobs/${jobId}/exceptions`))}`);
      }
      await this.#wait(deadline, progress);
    }
  }

  /** Uploads a jar and returns its id. */
  async #upload(jar) {
    const form = new FormData();
    form.append("jarfile", new Blob([await readFile(jar)], { type: "application/x-java-archive" }), basename(jar));
    // a repeated upload only leaves an unused jar
    const { filename } = await this.#send("POST", "/jars/upload", { form, idempotent: true });
    return filename.split("/").at(-1);
  }

  async #run(jarId, savepointPath) {
    const json = savepointPath ? { savepointPath } : {};
    const { jobid } = await this.#send("POST", `/jars/${pathSegment(jarId)}/run`, { json });
    await this.waitUntilUp(jobid);
    return jobid;
  }

  async #takeSavepoint(jobId, endpoint, fields) {
    this.#acceptsTriggerIds ??= acceptsTriggerIds(await this.#send("GET", "/config"));
    const json = savepointBody(this.#acceptsTriggerIds, fields);
    const triggered = await this.#send("POST", `/jobs/${jobId}/${endpoint}`, {
      json,
      expectedStatus: 202,
      idempotent: "triggerId" in json,
    });
    const deadline = this.#options.now() + this.#options.timeout;
    for (;;) {
      const location = locationOf(await this.#send("GET", `/jobs/${jobId}/savepoints/${triggered["request-id"]}`));
      if (location !== null) return location;
      await this.#wait(deadline, "the savepoint is not ready");
    }
  }

  /**
   * Sends a request and returns the parsed response.
   *
   * Requests are retried after a 503, because there is no leader that could have processed them. After a lost
   * connection, only idempotent requests are retried.
   */
  async #send(method, path, { json, form, expectedStatus = 200, idempotent = method === "GET" } = {}) {
    const { maxAttempts, pollInterval } = this.#options;
    let problem;
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      if (attempt > 0) await this.#options.sleep(pollInterval);
      const headers = json ? { "content-type": "application/json" } : {};
      const request = new Request(this.#url + path, { method, headers, body: form ?? (json && JSON.stringify(json)) });
      let response, text;
      try {
        response = await fetch(request);
        text = await response.text();
      } catch (error) {
        problem = `no response (${error.cause?.message ?? error.message})`;
        if (idempotent) continue;
        throw new ResponseLost(`${method} ${path}: ${problem}; Flink may have processed the request`, { cause: error });
      }
      if (response.status === expectedStatus) return parseBody(`${method} ${path}`, text);
      problem = `${response.status} ${text}`;
      if (response.status !== 503) break;
    }
    throw new RequestFailed(`${method} ${path}: ${problem}`);
  }

  async #wait(deadline, progress) {
    const { now, timeout, pollInterval } = this.#options;
    if (now() >= deadline) throw new TimedOut(`${progress} after ${timeout / 1000} s`);
    await this.#options.sleep(pollInterval);
  }
}
