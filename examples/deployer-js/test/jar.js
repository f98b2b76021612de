import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A zip file with META-INF/MANIFEST.MF, which names the main class org.example.Orders. */
const CONTENT = `
UEsDBBQAAAAAAAAAIVhOY6urOQAAADkAAAAUAAAATUVUQS1JTkYvTUFOSUZFU1QuTUZNYW5pZmVzdC1WZXJzaW9uOiAxLjANCk1h
aW4tQ2xhc3M6IG9yZy5leGFtcGxlLk9yZGVycw0KDQpQSwECFAMUAAAAAAAAACFYTmOrqzkAAAA5AAAAFAAAAAAAAAAAAAAAgAEA
AAAATUVUQS1JTkYvTUFOSUZFU1QuTUZQSwUGAAAAAAEAAQBCAAAAawAAAAAA
`;

/** Writes the jar of the new version, with a name that URLs must encode, and returns its path. */
export function writeJar() {
  const path = join(mkdtempSync(join(tmpdir(), "deployer-")), "orders-2 +10%.jar");
  writeFileSync(path, Buffer.from(CONTENT, "base64"));
  return path;
}
