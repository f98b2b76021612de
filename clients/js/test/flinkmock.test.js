import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { FlinkMock, FlinkMockError, start } from "flinkmock";

const ORDERS = { jobs: { orders: "streaming" } };

async function get(url) {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}

test("a test gets a cluster with its scenario", async (t) => {
  const flink = await start(t, ORDERS, { flink: "1.20", clock: "virtual" });
  assert.match(flink.flink, /^1\.20\./);
  assert.equal(flink.url, `http://${flink.host}:${flink.port}`);
  assert.deepEqual(flink.urls, [flink.url]);
  const { body } = await get(`${flink.url}/jobs/overview`);
  assert.deepEqual(body.jobs.map((job) => job.name), ["orders"]);
});

test("clusters are independent", async (t) => {
  const [first, second] = await Promise.all([start(t, ORDERS), start(t)]);
  await get(`${first.url}/jobs`);
  assert.equal((await first.requests.list()).length, 1);
  assert.equal((await second.requests.list()).length, 0);
  assert.deepEqual(await second.jobs(), []);
});

test("each request advances the clock by a second unless the scenario has a clock", async (t) => {
  const flink = await start(t, ORDERS);
  const before = await flink.now();
  await get(`${flink.url}/jobs`);
  assert.equal((await flink.now()) - before, 1000);
  const withVirtualClock = await start(t, "clock: virtual");
  const begin = await withVirtualClock.now();
  await get(`${withVirtualClock.url}/jobs`);
  assert.equal(await withVirtualClock.now(), begin);
});

test("a scenario begins at the start time", async (t) => {
  const startTime = new Date("2026-03-01T00:00:00Z");
  const flink = await start(t, ORDERS, { clock: "virtual", startTime });
  assert.equal(await flink.now(), startTime.getTime());
  await flink.loadScenario(ORDERS, { startTime: "2026-03-02" });
  assert.ok((await flink.now()) - Date.parse("2026-03-02") < 60_000);
});

test("a scenario is text, a file or a built-in scenario", async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), "flinkmock-")), "returns.yaml");
  writeFileSync(file, "jobs: {returns: batch}");
  for (const [scenario, name] of [["jobs: {orders: batch}", "orders"], [file, "returns"], ["crash-loop.yaml", "orders"]]) {
    const flink = await start(t, scenario);
    assert.equal((await flink.jobs())[0].name, name);
  }
});

test("the clock advances by a duration, and until a job is in a state", async (t) => {
  const flink = await start(t, { jobs: { report: "batch" } }, { clock: "virtual" });
  const begin = await flink.now();
  assert.equal(await flink.advance("5ms"), begin + 5);
  await flink.runUntil("report", "FINISHED");
  assert.equal((await flink.job("report")).state, "FINISHED");
  await assert.rejects(flink.advance(5), FlinkMockError);
  await assert.rejects(flink.runUntil("report", "RUNNING"), { type: "StateNeverReached", status: 409 });
});

test("jobs are submitted, fail, restart, finish and are cancelled", async (t) => {
  const flink = await start(t, {}, { clock: "virtual" });
  const job = await flink.submitJob("orders", { template: "streaming" });
  await flink.runUntil("orders", "RUNNING");
  await flink.restartJob(job.id);
  await flink.runUntil("orders", "RUNNING");
  assert.equal((await flink.job("orders")).restarts, 1);
  await flink.failJob("orders", { exception: { class: "java.io.IOException", message: "disk full" } });
  const { body } = await get(`${flink.url}/jobs/${job.id}/exceptions`);
  assert.match(JSON.stringify(body), /java.io.IOException: disk full/);
  await flink.cancelJob("orders");
  await flink.runUntil("orders", "CANCELED");
  await flink.submitJob("report");
  await flink.runUntil("report", "RUNNING");
  await flink.finishJob("report");
  await flink.runUntil("report", "FINISHED");
  assert.equal((await flink.waitForJob("report", "FINISHED", "1s")).name, "report");
});

test("a signal lets a waiting job continue", async (t) => {
  const scenario = { jobs: { orders: { lifecycle: [{ RUNNING: "signal go" }, "FINISHED"] } } };
  const flink = await start(t, scenario, { clock: "virtual" });
  await flink.advance("1h");
  assert.equal((await flink.job("orders")).state, "RUNNING");
  await flink.signal("go");
  await flink.runUntil("orders", "FINISHED");
  await assert.rejects(flink.signal("gone"), { type: "NotFound", status: 404 });
});

test("the leader crashes; TaskManagers join and leave", async (t) => {
  const flink = await start(t, {}, { clock: "virtual" });
  await flink.crashLeader("5s");
  await assert.rejects(get(`${flink.url}/taskmanagers`));
  await flink.advance("1m");
  const id = await flink.addTaskManager();
  assert.equal(await flink.loseTaskManager(id), id);
});

test("faults are added, listed and removed", async (t) => {
  const flink = await start(t);
  await flink.faults.add({ name: "no leader", match: "GET /jobs", times: 1, reply: "leader-unavailable" });
  assert.equal((await get(`${flink.url}/jobs`)).status, 503);
  assert.equal((await get(`${flink.url}/jobs`)).status, 200);
  assert.equal(await flink.faults.hits("no leader"), 1);
  await flink.faults.add([{ name: "first", match: "GET /jobs", delay: "1s" }], { first: true });
  assert.deepEqual((await flink.faults.list()).map((fault) => fault.name), ["first", "no leader"]);
  await flink.faults.remove("first");
  await flink.faults.clear();
  assert.deepEqual(await flink.faults.list(), []);
  await assert.rejects(flink.faults.add({ match: "GET /jobs", dely: "1s" }), /Did you mean "?delay/);
});

test("faults can be YAML", async (t) => {
  const flink = await start(t);
  const [fault] = await flink.faults.add("match: GET /jobs\nreply: leader-unavailable");
  assert.equal((await get(`${flink.url}/jobs`)).status, 503);
  assert.equal(await flink.faults.hits(fault.name), 1);
});

test("requests are listed and expected", async (t) => {
  const flink = await start(t, ORDERS);
  const { id } = await flink.job("orders");
  await fetch(`${flink.url}/jobs/${id}/savepoints`, { method: "POST", body: '{"target-directory": "s3://a"}' });
  await get(`${flink.url}/jobs`);
  const savepoint = "POST /jobs/:jobid/savepoints";
  const [request] = await flink.requests.expect(savepoint, { times: 1, body: { "target-directory": "s3://*" } });
  assert.deepEqual(request.body, { "target-directory": "s3://a" });
  assert.equal((await flink.requests.list({ match: savepoint, status: 202, job: "orders" })).length, 1);
  assert.equal((await flink.requests.list({ match: savepoint, body: { "target-directory": "s3://b" } })).length, 0);
  assert.equal((await flink.requests.list({ match: savepoint, body: "" })).length, 0);
  assert.equal((await flink.requests.waitFor("GET /jobs")).length, 1);
  await flink.requests.expectInOrder(savepoint, "GET /jobs");
  await assert.rejects(flink.requests.expectInOrder("GET /jobs", savepoint), assert.AssertionError);
  await assert.rejects(flink.requests.expect(savepoint, { times: "never" }), assert.AssertionError);
  await flink.requests.clear();
  assert.deepEqual(await flink.requests.list(), []);
});

test("snapshots are restored and scenarios replaced", async (t) => {
  const flink = await start(t, ORDERS, { clock: "virtual" });
  const snapshot = await flink.snapshot();
  await flink.submitJob("returns");
  await flink.restore(snapshot);
  assert.equal((await flink.jobs()).length, 1);
  await flink.submitJob("returns");
  await flink.reset();
  assert.equal((await flink.jobs()).length, 1);
  await flink.loadScenario("jobs: {a: batch, b: batch}", { flink: "1.12" });
  assert.equal((await flink.jobs()).length, 2);
  assert.match(flink.flink, /^1\.12\./);
});

test("verify reports unmet expectations and unmatched requests", async () => {
  const flink = await FlinkMock.open({ expect: [{ "GET /overview": 1 }] }, { flink: "2.3" });
  await get(`${flink.url}/job`);
  await assert.rejects(flink.verify(), (error) => {
    assert.ok(error instanceof assert.AssertionError);
    assert.match(error.message, /GET \/overview/);
    assert.match(error.message, /Flink 2\.3\.\d+ has no operation GET \/job\./);
    return true;
  });
  await flink.close();
  await flink.close();
  await assert.rejects(get(`${flink.url}/jobs`));
});

test("unmatched requests can be allowed", async (t) => {
  const flink = await start(t, {}, { unexpected: "allow" });
  await get(`${flink.url}/job`);
  await flink.verify();
});

test("a fault that never applied is reported", async () => {
  const hooks = [];
  const reported = [];
  const t = { after: (hook) => hooks.push(hook), diagnostic: (message) => reported.push(message) };
  const flink = await start(t, { faults: [{ name: "slow", match: "GET /jobs", delay: "1s" }] });
  assert.match((await flink.findings()).unused.join(), /slow/);
  await hooks[0]();
  assert.match(reported.join(), /slow/);
});

test("a test that has not met its expectations fails", async () => {
  const hooks = [];
  const flink = await start({ after: (hook) => hooks.push(hook) }, { expect: [{ "GET /overview": 1 }] });
  await assert.rejects(hooks[0](), assert.AssertionError);
  await assert.rejects(get(`${flink.url}/jobs`));
});

test("connect uses a running server", async (t) => {
  const served = await start(t, ORDERS);
  const flink = await FlinkMock.connect(`${served.url}/`, { token: "any token" });
  assert.equal(flink.url, served.url);
  await flink.loadScenario({ jobs: { returns: "batch" } });
  assert.equal((await served.jobs())[0].name, "returns");
  await flink.close();
  assert.equal((await get(`${served.url}/jobs`)).status, 200);
});

test("all mistakes of a scenario are reported", async () => {
  await assert.rejects(FlinkMock.open("jobs: {orders: streamin}\ncluter: {}\n"), (error) => {
    assert.equal(error.status, 422);
    assert.equal(error.details.length, 2);
    assert.equal(error.details[0].line, 1);
    return true;
  });
});
