"use strict";
// The control API, and small helpers. URLs are relative to the page, so that the page also works below a base path.

const $ = (id) => document.getElementById(id);

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
}

// Replace the content of a container with what `build` returns, if the data from which it is built has changed. The focus stays on
// the element with the same key.
function render(container, data, build) {
  const serialized = JSON.stringify(data);
  if (container.dataset.shown === serialized) return;
  container.dataset.shown = serialized;
  const key = container.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  container.replaceChildren(...[build()].flat());
  if (key) container.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

function setOptions(select, values, label = (value) => value) {
  const selected = select.value;
  render(select, values, () => values.map((value) => element("option", { value }, label(value))));
  if (values.includes(selected)) select.value = selected;
}

// -- durations and times

const UNITS_MS = [["d", 86400000], ["h", 3600000], ["m", 60000]];

// Format milliseconds as "2m30.5s", rounded to at most `digits` decimals of a second, or less than a second as "550ms".
// Without decimals, round down to seconds.
function formatDuration(ms, digits = 3) {
  if (ms < 0) return "−" + formatDuration(-ms, digits);
  if (ms > 0 && Math.round(ms) < 1000 && digits > 0) return `${Math.round(ms)}ms`;
  const stepsPerSecond = 10 ** digits, steps = (ms * stepsPerSecond) / 1000;
  ms = ((digits ? Math.round(steps) : Math.floor(steps)) * 1000) / stepsPerSecond;
  let text = "";
  for (const [unit, length] of UNITS_MS) {
    if (ms >= length) text += Math.floor(ms / length) + unit;
    ms %= length;
  }
  const seconds = +(ms / 1000).toFixed(digits);
  return seconds || !text ? `${text}${seconds}s` : text;
}

// Return the time of day of a time in ms since the epoch: "12:30:00.000".
const clockText = (at) => new Date(at).toISOString().slice(11, 23);

// -- requests

class RequestRejected extends Error {
  constructor(status, error) {
    super(error.message);
    this.status = status;
    this.details = error.details ?? [];
  }
}

const TOKEN_KEY = "flinkmock-token";
if (location.hash.startsWith("#token=")) {
  sessionStorage.setItem(TOKEN_KEY, decodeURIComponent(location.hash.slice(7)));
  history.replaceState(null, "", location.pathname);
}

async function send(method, path, { body, type = "application/json", accept = "application/json" } = {}) {
  const headers = { Accept: accept };
  const token = sessionStorage.getItem(TOKEN_KEY);
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = type;
  const content = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`v1/${path}`, { method, headers, body: content, cache: "no-store" });
  if (response.status === 401) {
    await askForToken();
    return send(method, path, { body, type, accept });
  }
  if (!response.ok) {
    const text = await response.text();
    let error = { message: `${response.status} ${text.slice(0, 200)}` };
    try { error = JSON.parse(text).error ?? error; } catch { /* not from the control API */ }
    throw new RequestRejected(response.status, error);
  }
  if (response.status === 204) return null;
  return (response.headers.get("content-type") ?? "").startsWith("application/json") ? response.json() : response.text();
}

let tokenPromise = null; // null unless the dialog is open
function askForToken() {
  tokenPromise ??= new Promise((resolve) => {
    const dialog = $("token-dialog");
    const input = dialog.querySelector("input");
    input.value = "";
    dialog.oncancel = (event) => event.preventDefault();
    dialog.onclose = () => {
      sessionStorage.setItem(TOKEN_KEY, input.value);
      tokenPromise = null;
      resolve();
    };
    dialog.showModal();
  });
  return tokenPromise;
}

// -- messages

function showMessage(text, { isError = false, details = [] } = {}) {
  const lines = details.filter((detail) => detail.line).map((detail) => element("li", {}, `${detail.line}:${detail.column} ${detail.message}`));
  const close = element("button", { "aria-label": "Dismiss", onclick: () => note.remove() }, "×");
  const note = element("div", { class: isError ? "note bad" : "note" },
    element("div", {}, lines.length ? "This is not valid:" : text, lines.length ? element("ul", {}, lines) : null), close);
  $("messages").replaceChildren(note);
  if (!isError) setTimeout(() => note.remove(), 6000);
}
