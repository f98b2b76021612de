/** The requests that clients have sent to a cluster. Requests to the control API are not included. */
export class Requests {
  #control;

  constructor(control) {
    this.#control = control;
  }

  async list({ match, body, status, job, unexpected } = {}) {
    const query = { match, body: body === undefined ? undefined : JSON.stringify(body), status, job, unexpected };
    return (await this.#control.call("GET", "/requests", { query })).requests;
  }

  async clear() {
    await this.#control.call("DELETE", "/requests");
  }

  async waitFor(match, options = {}) {
    return (await this.#control.call("POST", "/requests/wait", { body: { match, ...options } })).requests;
  }

  async expect(match, options = {}) {
    return (await this.#control.call("POST", "/requests/expect", { body: { match, ...options } })).requests;
  }

  async expectInOrder(...matches) {
    await this.#control.call("POST", "/requests/expect-in-order", { body: { matches } });
  }
}
