import { AssertionError } from "node:assert";
import { request } from "node:http";

export const API_PREFIX = "/__flinkmock__/v1";

/** flinkmock rejected a request, or could not be started or reached. */
export class FlinkMockError extends Error {
  /**
   * @param {string} message
   * @param {{status?: number, type?: string, details?: object[]}} response
   */
  constructor(message, { status = 0, type = "FlinkMockError", details = [] } = {}) {
    super(message);
    this.name = "FlinkMockError";
    this.status = status;
    this.type = type;
    this.details = details;
  }
}

/** The control API of one cluster. */
export class ControlApi {
  /**
   * @param {string} url - its base URL, which ends with the prefix of the API
   * @param {string} [token]
   */
  constructor(url, token) {
    this.url = url.replace(/\/$/, "");
    this.token = token;
  }

  /**
   * Sends a request and returns the parsed response; undefined if it is empty.
   *
   * @param {string} method
   * @param {string} path - below the base URL
   * @param {{query?: object, body?: unknown, contentType?: string}} options - a string is sent unchanged as the body
   */
  async call(method, path, { query = {}, body, contentType = "application/json" } = {}) {
    const url = new URL(this.url + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers = { accept: "application/json" };
    if (this.token !== undefined) headers.authorization = `Bearer ${this.token}`;
    let content = "";
    if (body !== undefined) {
      headers["content-type"] = contentType;
      content = typeof body === "string" ? body : JSON.stringify(body);
    }
    const { status, text, location } = await send(url, { method, headers }, content);
    if (status >= 300 && status < 400) {
      throw new FlinkMockError(`${method} ${url}: ${status}, a redirect to ${location}`, { status });
    }
    if (status >= 400) throw errorOf(status, text, `${method} ${url}`);
    try {
      return text ? JSON.parse(text) : undefined;
    } catch {
      throw new FlinkMockError(`${method} ${url}: the response is not JSON: ${text}`, { status });
    }
  }
}

/** Sends a request with node:http, because tests may replace fetch. */
function send(url, options, content) {
  return new Promise((resolve, reject) => {
    // if no address of a host can be reached, the error has no message
    const fail = ({ message, code }) => reject(new FlinkMockError(`${options.method} ${url}: ${message || code}`));
    const outgoing = request(url, { ...options, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode, text, location: response.headers.location }));
      response.on("error", fail);
    });
    outgoing.on("error", fail);
    outgoing.end(content);
  });
}

function errorOf(status, text, request) {
  let error;
  try {
    ({ error } = JSON.parse(text));
  } catch {
    // the response is not from the control API
  }
  if (typeof error?.message !== "string") return new FlinkMockError(`${request}: ${status} ${text}`, { status });
  if (error.type === "UnmetExpectation") return new AssertionError({ message: error.message });
  return new FlinkMockError(error.message, { status, ...error });
}
