/** A duration with a unit: "500ms", "3s", "2m30s", "1h". */
export type Duration = string;

/** YAML or JSON text, the name of a `.yaml` file or of a built-in scenario, or an object with the same keys. */
export type Scenario = string | Record<string, unknown>;

/** Options of a scenario. With `loadScenario`, options that are not set stay as the cluster was created. */
export interface ScenarioOptions {
  /** The minor release to serve, such as "1.20". Default: the scenario's, else the newest. */
  flink?: string;
  /** The seed of ids and random values. Default: the scenario's. */
  seed?: number;
  /** "1s per request", "virtual", "real" or "10x". Default: the scenario's, else "1s per request". */
  clock?: string;
  /** The cluster time at which the scenario begins: "2026-01-01T00:00:00Z". Default: the scenario's, else now. */
  startTime?: string | Date;
}

export interface ClusterOptions extends ScenarioOptions {
  /** Whether `verify` fails for requests that match no operation of the cluster. Default: "fail". */
  unexpected?: "fail" | "allow";
}

export interface Checkpoint {
  id: number;
  path: string | null;
  /** Cluster time in ms since the epoch. */
  "completed-at": number;
}

export interface Job {
  id: string;
  name: string;
  state: string;
  /** Cluster time in ms since the epoch. */
  "submitted-at": number;
  /** Cluster time in ms since the epoch; null until the job has ended. */
  "ended-at": number | null;
  vertices: { id: string; name: string; parallelism: number }[];
  restarts: number;
  /** The path of the savepoint or checkpoint from which the job was last restored; null if it was not restored. */
  "restored-from": string | null;
  /** The completed savepoints, oldest first. */
  savepoints: Checkpoint[];
}

export interface JavaException {
  class: string;
  message?: string;
  cause?: JavaException;
  "stack-trace"?: string[];
}

/** A fault between clients and the cluster. */
export interface Fault {
  name: string;
  /** The number of requests to which the fault applied. */
  hits: number;
  definition: Record<string, unknown> | null;
}

/** A request with its response. */
export interface Exchange {
  number: number;
  /** Cluster time in ms since the epoch. */
  time: number;
  /** Wall clock in ms since the epoch. */
  "wall-time": number;
  method: string;
  target: string;
  /** The operation id; null if the request matched no operation. */
  operation: string | null;
  parameters: Record<string, unknown>;
  query: Record<string, unknown>;
  /** The JSON body. */
  body: unknown;
  /** The names of the uploaded files. */
  files: string[];
  /** The name of the job that the request is about; null if there is none. */
  job: string | null;
  /** The status of the response; 0 if there was no response. */
  status: number;
  /** The name of the fault that applied; null if none did. */
  fault: string | null;
  /** Flink's error message; null if the request was accepted. */
  rejection: string | null;
  /** Sentences about parts of the request that the release ignores or that a later release lacks. */
  advice: string[];
  [further: string]: unknown;
}

/** Conditions that a request has to meet, in addition to its method and path. */
export interface RequestConditions {
  /** The JSON that the body of the request has to contain. Strings may have the wildcard `*`. */
  body?: unknown;
  query?: Record<string, unknown>;
  /** The status of the response. */
  status?: number;
}

/** flinkmock rejected a request, or could not be started or reached. */
export class FlinkMockError extends Error {
  /** The status of the response; 0 if there was no response. */
  readonly status: number;
  /** The kind of error, such as "NotFound" or "ScenarioError". */
  readonly type: string;
  /** All mistakes of a scenario, with line and column, or of a request's body, with path; empty for other errors. */
  readonly details: { message: string; path?: string; file?: string; line?: number; column?: number }[];
}

/** The faults of a cluster. If several faults could apply to a request, the first one does. */
export interface Faults {
  list(): Promise<Fault[]>;
  /**
   * Adds faults as in a scenario (one, a list, or YAML text), and returns the new ones.
   *
   * @param options.first - whether the new faults take precedence over the current ones
   * @throws FlinkMockError if a fault is invalid
   */
  add(
    faults: string | Record<string, unknown> | Record<string, unknown>[],
    options?: { first?: boolean },
  ): Promise<Fault[]>;
  /** Returns the number of requests to which the fault applied. */
  hits(name: string): Promise<number>;
  remove(name: string): Promise<void>;
  clear(): Promise<void>;
}

/** The requests that clients have sent to a cluster. Requests to the control API are not included. */
export interface Requests {
  /**
   * Returns the requests that meet all conditions. The condition `body` needs `match`.
   *
   * @param filter.match - method and path: "POST /jobs/:jobid/savepoints"
   * @param filter.job - the name or id of a job
   * @param filter.unexpected - only requests that match no operation that the cluster has, and no page of the
   *   dashboard, except those to which a fault applied and those that the test expects
   */
  list(
    filter?: Omit<RequestConditions, "query"> & { match?: string; job?: string; unexpected?: boolean },
  ): Promise<Exchange[]>;
  clear(): Promise<void>;
  /**
   * Waits until clients have sent matching requests, and returns them.
   *
   * @param match - method and path: "POST /jobs/:jobid/savepoints"
   * @param options.times - the number of requests; default: 1
   * @param options.timeout - on the wall clock; default: "5s"
   */
  waitFor(
    match: string,
    options?: RequestConditions & { times?: number; timeout?: Duration },
  ): Promise<Exchange[]>;
  /**
   * Checks how often a request was sent, and returns the matching requests.
   *
   * @param options.times - 2, "once", "never", "1..10 times"; default: at least once
   * @throws AssertionError if the number of matching requests differs; the message shows near misses
   */
  expect(match: string, options?: RequestConditions & { times?: number | string }): Promise<Exchange[]>;
  /** Checks that requests were sent in this order. There may be other requests between them. */
  expectInOrder(...matches: string[]): Promise<void>;
}

/** A fake Flink cluster. */
export class FlinkMock {
  private constructor();

  /** Creates a cluster in the flinkmock process of the tests, which the first call starts. Call `close` at the end. */
  static open(scenario?: Scenario, options?: ClusterOptions): Promise<FlinkMock>;
  /** Connects to a running `flinkmock serve`, for example in a container. */
  static connect(url: string, options?: { token?: string; unexpected?: "fail" | "allow" }): Promise<FlinkMock>;

  /** The base URL of Flink's REST API. */
  readonly url: string;
  /** The base URL of each JobManager. */
  readonly urls: string[];
  readonly host: string;
  readonly port: number;
  /** The base URL of the control API. */
  readonly controlUrl: string;
  /** The version of Flink that is served, such as "1.20.5". */
  readonly flink: string;
  readonly faults: Faults;
  readonly requests: Requests;

  /** Returns the cluster time in ms since the epoch. */
  now(): Promise<number>;
  /** Advances the cluster time and returns it. */
  advance(by: Duration): Promise<number>;
  /** Advances the cluster time until the job is in the state, and returns the cluster time. */
  runUntil(job: string, state: string): Promise<number>;

  jobs(): Promise<Job[]>;
  job(idOrName: string): Promise<Job>;
  /** Submits a job. The definition can have `template` and the keys of a job in a scenario. */
  submitJob(name: string, definition?: Record<string, unknown>): Promise<Job>;
  /** Makes a task of the job throw an exception. */
  failJob(job: string, options?: { exception?: JavaException; vertex?: string }): Promise<Job>;
  finishJob(job: string): Promise<Job>;
  cancelJob(job: string): Promise<Job>;
  restartJob(job: string): Promise<Job>;
  /** Waits until a job is in a state, without advancing the cluster time. The timeout is on the wall clock; default: "5s". */
  waitForJob(job: string, state: string, timeout?: Duration): Promise<Job>;

  /** Sends a signal for which the scenario waits. */
  signal(name: string): Promise<void>;
  /** Crashes the leader. The next leader is elected after the duration (default: "5s"). */
  crashLeader(duration?: Duration): Promise<void>;
  /** Adds a TaskManager and returns its id. */
  addTaskManager(): Promise<string>;
  /** Removes a TaskManager, the first one by default, and returns its id. */
  loseTaskManager(id?: string): Promise<string>;

  /** Replaces the cluster with one that has another scenario, at the same address. */
  loadScenario(scenario: Scenario, options?: ScenarioOptions): Promise<void>;
  /** Starts the cluster again with the same scenario, at the same address. */
  reset(): Promise<void>;
  /** Takes a snapshot of the cluster and returns its id. */
  snapshot(): Promise<string>;
  restore(snapshotId: string): Promise<void>;

  /**
   * Checks the expectations of the scenario, and that each request matched an operation of the release, unless a fault
   * applied to it or the test expected it.
   *
   * @throws AssertionError
   */
  verify(): Promise<void>;
  /**
   * Returns sentences about faults that applied to no request and expectations that no request can match (`unused`),
   * and about fields and query parameters of requests that the release does not read (`ignored`).
   */
  findings(): Promise<{ unused: string[]; ignored: string[] }>;
  /** Deletes the cluster. Further calls have no effect. A cluster of `connect` is not deleted. */
  close(): Promise<void>;

  /** Calls an operation of the control API; `path` is below `controlUrl`. */
  call(
    method: string,
    path: string,
    options?: { query?: Record<string, unknown>; body?: unknown; contentType?: string },
  ): Promise<any>;
}

/**
 * Creates a cluster for one test, and deletes it at the end of the test. If the test has passed, the cluster is verified
 * first, and its findings are reported.
 *
 * @param t - the context of a test of node:test, or another object with `after`
 */
export function start(
  t: { after(callback: () => Promise<void>): void; diagnostic?(message: string): void },
  scenario?: Scenario,
  options?: ClusterOptions,
): Promise<FlinkMock>;
