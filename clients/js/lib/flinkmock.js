import { AssertionError } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

import { API_PREFIX, ControlApi } from "./control.js";
import { Faults } from "./faults.js";
import { Requests } from "./requests.js";
import { sharedServer } from "./server.js";

const DEFAULT_CLOCK = "1s per request";

/** A fake Flink cluster. */
export class FlinkMock {
  #control;
  #deleteCluster;
  /** Whether flinkmock runs on this machine: it can read the test's files, and the test can reach all URLs. */
  #isLocal;
  #unexpected;

  constructor(cluster, control, { deleteCluster = async () => {}, unexpected = "fail", isLocal = false } = {}) {
    this.url = cluster.url;
    this.urls = cluster.urls;
    this.flink = cluster.flink;
    this.controlUrl = control.url;
    this.host = new URL(this.url).hostname;
    this.port = Number(new URL(this.url).port);
    this.#isLocal = isLocal;
    this.faults = new Faults(control);
    this.requests = new Requests(control);
    this.#control = control;
    this.#deleteCluster = deleteCluster;
    this.#unexpected = unexpected;
  }

  static async open(scenario, { unexpected, ...options } = {}) {
    const server = await sharedServer();
    const cluster = await server.call("POST", "/clusters", {
      query: { ...optionsQuery(options), "default-clock": DEFAULT_CLOCK, "idle-timeout": "never" },
      body: scenarioBody(scenario, true),
      contentType: "application/yaml",
    });
    const deleteCluster = () => server.call("DELETE", `/clusters/${cluster.id}`);
    return new FlinkMock(cluster, new ControlApi(cluster["control-url"]), { deleteCluster, unexpected, isLocal: true });
  }

  static async connect(url, { token, unexpected } = {}) {
    const base = url.replace(/\/$/, "");
    const control = new ControlApi(base + API_PREFIX, token);
    const { flink } = await control.call("GET", "/version");
    return new FlinkMock({ url: base, urls: [base], flink }, control, { unexpected });
  }

  call(method, path, options) {
    return this.#control.call(method, path, options);
  }

  async now() {
    return (await this.call("GET", "/clock")).now;
  }

  async advance(by) {
    return (await this.call("POST", "/clock/advance", { body: { by } })).now;
  }

  async runUntil(job, state) {
    return (await this.call("POST", "/clock/run-until", { body: { job, state } })).now;
  }

  async jobs() {
    return (await this.call("GET", "/jobs")).jobs;
  }

  job(idOrName) {
    return this.call("GET", `/jobs/${encodeURIComponent(idOrName)}`);
  }

  submitJob(name, definition = {}) {
    return this.call("POST", "/jobs", { body: { name, ...definition } });
  }

  failJob(job, { exception, vertex } = {}) {
    return this.#callJob(job, "fail", { exception, vertex });
  }

  finishJob(job) {
    return this.#callJob(job, "finish");
  }

  cancelJob(job) {
    return this.#callJob(job, "cancel");
  }

  restartJob(job) {
    return this.#callJob(job, "restart");
  }

  waitForJob(job, state, timeout) {
    return this.#callJob(job, "wait", { state, timeout });
  }

  #callJob(idOrName, operation, body) {
    return this.call("POST", `/jobs/${encodeURIComponent(idOrName)}/${operation}`, { body });
  }

  async signal(name) {
    await this.call("POST", `/signals/${encodeURIComponent(name)}`);
  }

  async crashLeader(duration) {
    await this.call("POST", "/leader/crash", { body: { for: duration } });
  }

  async addTaskManager() {
    return (await this.call("POST", "/taskmanagers/join")).id;
  }

  async loseTaskManager(id) {
    return (await this.call("POST", "/taskmanagers/lose", { body: { id } })).id;
  }

  async loadScenario(scenario, options = {}) {
    await this.call("PUT", "/scenario", {
      query: optionsQuery(options),
      body: scenarioBody(scenario, this.#isLocal),
      contentType: "application/yaml",
    });
    const { flink: version, urls } = await this.call("GET", "/version");
    this.flink = version;
    if (this.#isLocal) this.urls = urls;
  }

  async reset() {
    await this.call("POST", "/reset");
  }

  async snapshot() {
    return (await this.call("POST", "/snapshots")).id;
  }

  async restore(snapshotId) {
    await this.call("POST", `/snapshots/${encodeURIComponent(snapshotId)}/restore`);
  }

  async verify() {
    const { expectations } = await this.call("GET", "/expectations");
    const problems = expectations.filter(({ met }) => !met).map(({ message }) => message);
    if (this.#unexpected !== "allow") {
      for (const { method, target } of await this.requests.list({ unexpected: true })) {
        problems.push(`Flink ${this.flink} has no operation ${method} ${target}.`);
      }
    }
    if (problems.length) throw new AssertionError({ message: problems.join("\n") });
  }

  async findings() {
    return this.call("GET", "/findings");
  }

  async close() {
    const deleteCluster = this.#deleteCluster;
    this.#deleteCluster = async () => {};
    await deleteCluster();
  }

  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.close();
  }
}

export async function start(t, scenario, options) {
  const flink = await FlinkMock.open(scenario, options);
  t.after(async () => {
    try {
      if (t.passed !== false) {
        await flink.verify();
        const { unused, ignored } = await flink.findings();
        for (const finding of [...unused, ...ignored]) t.diagnostic?.(finding);
      }
    } finally {
      await flink.close();
    }
  });
  return flink;
}

function optionsQuery({ flink, seed, clock, startTime }) {
  return { flink, seed, clock, "start-time": startTime instanceof Date ? startTime.toISOString() : startTime };
}

/**
 * Returns the body of a request that loads a scenario. A file is sent as its path if flinkmock runs on this machine
 * (`isLocal`), and else as its content.
 */
function scenarioBody(scenario = "", isLocal) {
  if (typeof scenario !== "string") return JSON.stringify(scenario);
  const isFile = /^[^\n]+\.ya?ml$/.test(scenario) && existsSync(scenario);
  if (!isFile) return scenario; // YAML or JSON, or the name of a built-in scenario
  return isLocal ? resolve(scenario) : readFileSync(scenario, "utf8");
}
