import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { findCommand } from "../lib/command.js";
import { startServer } from "../lib/server.js";

const SKIP = process.platform === "win32" && "programs have other names there";

function folder() {
  return mkdtempSync(join(tmpdir(), "flinkmock-"));
}

function program(directory, script = "") {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, "flinkmock");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("FLINKMOCK, the virtual environment, the path and Python are tried in this order", { skip: SKIP }, () => {
  const environment = folder();
  const inEnvironment = program(join(environment, "bin"));
  const onPath = folder();
  const env = { FLINKMOCK: "/opt/flinkmock", VIRTUAL_ENV: environment, PATH: `${folder()}:${onPath}` };
  assert.deepEqual(findCommand(env), ["/opt/flinkmock"]);
  delete env.FLINKMOCK;
  assert.deepEqual(findCommand(env), [inEnvironment]);
  env.VIRTUAL_ENV = folder();
  assert.deepEqual(findCommand(env), ["python3", "-m", "flinkmock"]);
  const found = program(onPath);
  assert.deepEqual(findCommand(env), [found]);
});

test("a failing start is reported with the reason", { skip: SKIP }, async () => {
  await assert.rejects(startServer(["/nowhere/flinkmock"]), /ENOENT.*Install flinkmock with pip/s);
  const broken = program(folder(), "echo 'no module named aiohttp' >&2; exit 3");
  await assert.rejects(startServer([broken]), /exit code 3.*no module named aiohttp/s);
  const other = program(folder(), "echo hello");
  await assert.rejects(startServer([other]), /unexpected output: hello/);
});
