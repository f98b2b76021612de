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
  #close;
  #isLocal;
  #unexpected;

  constructor(cluster, control, { close = async () => {}, unexpected = "fail", isLocal = false } = {}) {
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
    this.#close = close;
    this.#unexpected = unexpected;
  }

  static async open(scenario, { unexpected, ...options } = {}) {
    const server = await sharedServer();
    const cluster = await server.call("POST", "/clusters", {
      query: { ...optionsQuery(options), "default-clock": DEFAULT_CLOCK, "idle-timeout": "never" },
      body: scenarioBody(scenario, true),
      contentType: "application/yaml",
    });
    const close = () => server.call("DELETE", `/clusters/${cluster.id}`);
    return new FlinkMock(cluster, new ControlApi(cluster["control-url"]), { close, unexpected, isLocal: true });
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

  job(job) {
    return this.call("GET", `/jobs/${encodeURIComponent(job)}`);
  }

  submitJob(name, definition = {}) {
    return this.call("POST", "/jobs", { body: { name, ...definition } });
  }

  failJob(job, { exception, vertex } = {}) {
    return this.#jobAction(job, "fail", { exception, vertex });
  }

  finishJob(job) {
    return this.#jobAction(job, "finish");
  }

  cancelJob(job) {
    return this.#jobAction(job, "cancel");
  }

  restartJob(job) {
    return this.#jobAction(job, "restart");
  }

  waitForJob(job, state, timeout) {
    return this.#jobAction(job, "wait", { state, timeout });
  }

  #jobAction(job, action, body) {
    return this.call("POST", `/jobs/${encodeURIComponent(job)}/${action}`, { body });
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

  async restore(snapshot) {
    await this.call("POST", `/snapshots/${encodeURIComponent(snapshot)}/restore`);
  }

  async verify() {
    const { expectations } = await this.call("GET", "/expectations");
    const problems = expectations.filter(({ met }) => !met).map(({ message }) => message);
    if (this.#unexpected !== "allow") {
      for (const { method, target, advice } of await this.requests.list({ unexpected: true })) {
        problems.push([`Flink ${this.flink} has no operation ${method} ${target}.`, ...advice].join(" "));
      }
    }
    if (problems.length) throw new AssertionError({ message: problems.join("\n") });
  }

  async findings() {
    return this.call("GET", "/findings");
  }

  async close() {
    const close = this.#close;
    this.#close = async () => {};
    await close();
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
