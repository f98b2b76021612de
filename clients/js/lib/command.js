import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

const WINDOWS = process.platform === "win32";
const PROGRAM = WINDOWS ? "flinkmock.exe" : "flinkmock";

/**
 * Returns the command that runs flinkmock: the program in $FLINKMOCK, else flinkmock in the active virtual environment,
 * else flinkmock on the path, else python3 -m flinkmock.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {string[]}
 */
export function findCommand(env = process.env) {
  if (env.FLINKMOCK) return [env.FLINKMOCK];
  const folders = (env.PATH ?? "").split(delimiter).filter(Boolean);
  if (env.VIRTUAL_ENV) folders.unshift(join(env.VIRTUAL_ENV, WINDOWS ? "Scripts" : "bin"));
  const program = folders.map((folder) => join(folder, PROGRAM)).find(isProgram);
  return program ? [program] : [WINDOWS ? "python" : "python3", "-m", "flinkmock"];
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
