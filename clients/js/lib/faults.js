/** The faults of a cluster. */
export class Faults {
  #control;

  constructor(control) {
    this.#control = control;
  }

  async list() {
    return (await this.#control.call("GET", "/faults")).faults;
  }

  // `first`: whether the new faults take precedence over the current ones
  async add(faults, { first } = {}) {
    const contentType = typeof faults === "string" ? "application/yaml" : undefined;
    const added = await this.#control.call("POST", "/faults", { query: { first }, body: faults, contentType });
    return added.faults;
  }

  async hits(name) {
    return (await this.#control.call("GET", `/faults/${encodeURIComponent(name)}`)).hits;
  }

  async remove(name) {
    await this.#control.call("DELETE", `/faults/${encodeURIComponent(name)}`);
  }

  async clear() {
    await this.#control.call("DELETE", "/faults");
  }
}
