import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { FlinkMock, FlinkMockError } from "flinkmock";

/** Starts a server with a handler, and returns its base URL. */
async function serve(t, handler) {
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

const CASES = {
  "a connection that breaks off before the response": (request, response) => response.destroy(),
  "a response that breaks off": (request, response) => {
    response.writeHead(200, { "content-length": 100 });
    response.write("{", () => response.destroy());
  },
  "a response that is not JSON": (request, response) => response.end("<html>"),
  "a redirect": (request, response) => response.writeHead(301, { location: "https://flink" }).end(),
  "an error response that is not JSON": (request, response) => response.writeHead(500).end("<html>"),
};

for (const [name, handler] of Object.entries(CASES)) {
  test(`${name} is a FlinkMockError`, async (t) => {
    const url = await serve(t, handler);
    await assert.rejects(FlinkMock.connect(url), (error) => {
      assert(error instanceof FlinkMockError, error);
      assert(error.message.startsWith(`GET ${url}/__flinkmock__/v1/version: `), error.message);
      return true;
    });
  });
}
