import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { findCommand } from "./command.js";
import { API_PREFIX, ControlApi, FlinkMockError } from "./control.js";

/** The number of characters of standard error that an error message shows. */
const MAX_STDERR = 4000;
const INSTALL_HINT =
  "Install flinkmock with pip, and set FLINKMOCK to the path of the program unless it is on the path " +
  "or in an active virtual environment";

/** A promise of the control API. */
let shared;

/**
 * Returns the control API of the flinkmock process that all tests of this process share. The first call starts it.
 * The server ends with this process, because its standard input is then closed.
 *
 * @returns {Promise<ControlApi>}
 */
export function sharedServer() {
  shared ??= startServer(findCommand());
  return shared;
}

/**
 * Starts `flinkmock serve` and returns its control API.
 *
 * @param {string[]} command - the program, and the arguments before `serve`
 * @returns {Promise<ControlApi>}
 */
export function startServer([program, ...programArguments]) {
  return new Promise((resolve, reject) => {
    const serveArguments = ["serve", "--port", "0", "--log", "json", "--quiet", "--until-stdin-ends"];
    const server = spawn(program, [...programArguments, ...serveArguments], { stdio: "pipe" });
    let stderr = "";
    const fail = (reason) => {
      const details = stderr.trim() && `\n${stderr.trim()}`;
      reject(new FlinkMockError(`${[program, ...programArguments].join(" ")}: ${reason}. ${INSTALL_HINT}${details}`));
    };
    server.on("error", (error) => fail(error.message));
    server.on("close", (code, signal) => fail(signal ? `ended by ${signal}` : `exit code ${code}`));
    server.stdin.on("error", () => {}); // nothing is written to standard input; it only has to stay open
    server.stderr.setEncoding("utf8").on("data", (part) => (stderr = (stderr + part).slice(-MAX_STDERR)));
    createInterface({ input: server.stdout }).once("line", (line) => {
      try {
        resolve(new ControlApi(JSON.parse(line).url + API_PREFIX));
      } catch {
        fail(`unexpected output: ${line}`);
      }
      // the server must not keep this process running
      for (const handle of [server, server.stdin, server.stdout, server.stderr]) handle.unref();
    });
  });
}
