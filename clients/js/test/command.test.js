import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { findCommand } from "../lib/command.js";
import { startServer } from "../lib/server.js";

const SKIP = process.platform === "win32" && "Windows has no shell scripts";

function temporaryFolder() {
  return mkdtempSync(join(tmpdir(), "flinkmock-"));
}

function writeProgram(folder, script = "") {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "flinkmock");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("FLINKMOCK, the virtual environment, the path and Python are tried in this order", { skip: SKIP }, () => {
  const virtualEnv = temporaryFolder();
  const programInVirtualEnv = writeProgram(join(virtualEnv, "bin"));
  const pathFolder = temporaryFolder();
  const env = { FLINKMOCK: "/opt/flinkmock", VIRTUAL_ENV: virtualEnv, PATH: `${temporaryFolder()}:${pathFolder}` };
  assert.deepEqual(findCommand(env), ["/opt/flinkmock"]);
  delete env.FLINKMOCK;
  assert.deepEqual(findCommand(env), [programInVirtualEnv]);
  env.VIRTUAL_ENV = temporaryFolder();
  assert.deepEqual(findCommand(env), ["python3", "-m", "flinkmock"]);
  const programOnPath = writeProgram(pathFolder);
  assert.deepEqual(findCommand(env), [programOnPath]);
});

test("the reason for a failed start is reported", { skip: SKIP }, async () => {
  await assert.rejects(startServer(["/nowhere/flinkmock"]), /ENOENT.*Install flinkmock with pip/s);
  const brokenFlinkmock = writeProgram(temporaryFolder(), "echo 'no module named aiohttp' >&2; exit 3");
  await assert.rejects(startServer([brokenFlinkmock]), /exit code 3.*no module named aiohttp/s);
  const killedFlinkmock = writeProgram(temporaryFolder(), "kill -KILL $$");
  await assert.rejects(startServer([killedFlinkmock]), /ended by SIGKILL/);
  const otherProgram = writeProgram(temporaryFolder(), "echo hello");
  await assert.rejects(startServer([otherProgram]), /unexpected output: hello/);
});
