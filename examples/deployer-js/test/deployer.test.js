import assert from "node:assert/strict";
import { test } from "node:test";

import { start } from "flinkmock";

import { Deployer } from "../deployer.js";
import { JobTerminated, RequestFailed, ResponseLost, SavepointFailed, TimedOut } from "../errors.js";
import { writeJar } from "./jar.js";

const JAR = writeJar();

/**
 * The job `orders` runs. A jar that matches `orders-*.jar` becomes another job of this name, which restores its state in
 * five seconds. Savepoints take three seconds.
 */
const ORDERS = {
  jobs: { orders: "streaming" },
  submitted: { "orders-*.jar": { extends: "streaming", name: "orders", "restore-duration": "5s" } },
  operations: { savepoint: "3s", "stop-with-savepoint": "3s" },
};

const SAVEPOINT_FAILS = { fails: "100%", exception: "full" };
const DISK_FULL = {
  ...ORDERS,
  exceptions: { full: { class: "java.io.IOException", message: "No space left on device" } },
  operations: { savepoint: SAVEPOINT_FAILS, "stop-with-savepoint": SAVEPOINT_FAILS },
};

/** The new version restarts once, then fails before its tasks run. */
const OUT_OF_MEMORY = {
  ...ORDERS,
  exceptions: { oom: { class: "java.lang.OutOfMemoryError", message: "Java heap space" } },
  submitted: {
    "orders-*.jar": {
      name: "orders",
      lifecycle: [
        { CREATED: "2s" },
        { RUNNING: 0 },
        { RESTARTING: { duration: "5s", exception: "oom" } },
        { RUNNING: 0 },
        { FAILING: { duration: "1s", exception: "oom" } },
        "FAILED",
      ],
    },
  },
};

const LOST_RESPONSE = { match: "POST /jobs/:jobid/savepoints", times: 1, drop: "after-processing" };
const NOT_JSON = { match: "POST /jobs/:jobid/savepoints", corrupt: "html" };
const SNAPSHOT = { match: "GET /config", set: { "flink-version": "1.20-SNAPSHOT" } };

/** Starts a cluster whose time advances only while the deployer sleeps. */
async function startDeployer(t, scenario, { flink: release, onSleep = async () => {}, ...options } = {}) {
  const flink = await start(t, scenario, { clock: "virtual", flink: release });
  let time = await flink.advance("1m"); // now the tasks of `orders` are running
  const sleep = async (ms) => {
    time = await flink.advance(`${ms}ms`);
    await onSleep(flink);
  };
  return { flink, deployer: new Deployer(flink.url, { sleep, now: () => time, ...options }) };
}

for (const release of ["1.12", "1.20", "2.3"]) {
  test(`a deployed job is up (${release})`, async (t) => {
    const { flink, deployer } = await startDeployer(t, ORDERS, { flink: release });
    const job = await deployer.deploy(JAR);
    const { id, state } = await flink.job("orders");
    assert.deepEqual({ id, state }, { id: job, state: "RUNNING" });
    await flink.requests.expectInOrder("POST /jars/upload", "POST /jars/:jarid/run", "GET /jobs/:jobid");
  });

  test(`an upgrade restores the last savepoint (${release})`, async (t) => {
    const { flink, deployer } = await startDeployer(t, ORDERS, { flink: release });
    const { id: oldId } = await flink.job("orders");
    assert.notEqual(await deployer.upgrade(oldId, JAR, "s3://savepoints"), oldId);
    const { state, savepoints } = await flink.job(oldId);
    assert.equal(state, "FINISHED");
    assert.deepEqual([(await flink.job("orders"))["restored-from"]], savepoints.map(({ path }) => path));
    await flink.requests.expectInOrder("POST /jars/upload", "POST /jobs/:jobid/stop", "POST /jars/:jarid/run");
  });
}

test("after a failed stop no job is started", async (t) => {
  const { flink, deployer } = await startDeployer(t, DISK_FULL);
  const { id: oldId } = await flink.job("orders");
  const isDiskFull = (error) => error instanceof SavepointFailed && /No space left on device/.test(error.message);
  await assert.rejects(deployer.upgrade(oldId, JAR, "s3://savepoints"), isDiskFull);
  assert.equal((await flink.job(oldId)).state, "RUNNING");
  await flink.requests.expect("POST /jars/:jarid/run", { times: "never" });
});

test("completed does not mean success", async (t) => {
  const { flink, deployer } = await startDeployer(t, DISK_FULL);
  const { id } = await flink.job("orders");
  await assert.rejects(deployer.savepoint(id, "s3://savepoints"), SavepointFailed);
});

test("the path of a savepoint is returned", async (t) => {
  const { flink, deployer } = await startDeployer(t, ORDERS);
  const { id } = await flink.job("orders");
  const location = await deployer.savepoint(id, "s3://savepoints");
  assert.deepEqual((await flink.job(id)).savepoints.map(({ path }) => path), [location]);
});

test("requests without a leader are retried", async (t) => {
  const { flink, deployer } = await startDeployer(t);
  await flink.faults.add({ times: 3, reply: "leader-unavailable" });
  await deployer.deploy(JAR);
  await flink.requests.expect("POST /jars/upload", { times: 4 });
});

test("requests are not retried forever", async (t) => {
  const { flink, deployer } = await startDeployer(t);
  await flink.faults.add({ reply: "leader-unavailable" });
  const isStatus503 = (error) => error instanceof RequestFailed && /503/.test(error.message);
  await assert.rejects(deployer.deploy(JAR), isStatus503);
});

test("a failed job is reported with its cause", async (t) => {
  const { deployer } = await startDeployer(t, OUT_OF_MEMORY);
  const message = "orders is FAILED: java.lang.OutOfMemoryError: Java heap space";
  await assert.rejects(deployer.deploy(JAR), { name: JobTerminated.name, message });
});

for (const release of ["1.20", "2.3"]) {
  test(`a lost response triggers no second savepoint (${release})`, async (t) => {
    const { flink, deployer } = await startDeployer(t, ORDERS, { flink: release });
    await flink.faults.add(LOST_RESPONSE);
    const { id } = await flink.job("orders");
    const location = await deployer.savepoint(id, "s3://savepoints");
    assert.deepEqual((await flink.job(id)).savepoints.map(({ path }) => path), [location]);
    await flink.requests.expect("POST /jobs/:jobid/savepoints", { times: 2 });
  });
}

test("without trigger ids no request is retried", async (t) => {
  const { flink, deployer } = await startDeployer(t, ORDERS, { flink: "1.12" });
  await flink.faults.add(LOST_RESPONSE);
  const { id } = await flink.job("orders");
  await assert.rejects(deployer.savepoint(id, "s3://savepoints"), ResponseLost);
  await flink.requests.expect("POST /jobs/:jobid/savepoints", { times: 1 });
});

test("a body that is not JSON is an error", async (t) => {
  const { flink, deployer } = await startDeployer(t, ORDERS, { flink: "1.12" });
  await flink.faults.add(NOT_JSON);
  const { id } = await flink.job("orders");
  const isNotJson = (error) => error instanceof RequestFailed && /<html/.test(error.message);
  await assert.rejects(deployer.savepoint(id, "s3://savepoints"), isNotJson);
});

test("a snapshot version accepts trigger ids", async (t) => {
  const { flink, deployer } = await startDeployer(t, ORDERS, { flink: "1.20" });
  await flink.faults.add(SNAPSHOT);
  await flink.faults.add(LOST_RESPONSE);
  const { id } = await flink.job("orders");
  const location = await deployer.savepoint(id, "s3://savepoints");
  assert.deepEqual((await flink.job(id)).savepoints.map(({ path }) => path), [location]);
});

test("a deployment waits for the next leader", async (t) => {
  const { flink, deployer } = await startDeployer(t, ORDERS);
  await flink.crashLeader("3s");
  const job = await deployer.deploy(JAR);
  assert.equal((await flink.job(job)).state, "RUNNING");
});

test("the next leader does not know the trigger id", async (t) => {
  let crashed = false;
  const onSleep = async (flink) => {
    if (!crashed) await flink.crashLeader("2s");
    crashed = true;
  };
  const { flink, deployer } = await startDeployer(t, ORDERS, { onSleep });
  const { id } = await flink.job("orders");
  const isStatus404 = (error) => error instanceof RequestFailed && /404/.test(error.message);
  await assert.rejects(deployer.savepoint(id, "s3://savepoints"), isStatus404);
});

test("a slow savepoint times out", async (t) => {
  const { flink, deployer } = await startDeployer(t, { ...ORDERS, operations: { savepoint: "10m" } });
  const { id } = await flink.job("orders");
  const message = "the savepoint is not ready after 300 s";
  await assert.rejects(deployer.savepoint(id, "s3://savepoints"), { name: TimedOut.name, message });
});
