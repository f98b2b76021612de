// The journal: what clients have sent, newest first.

const LIMIT = 200;
let exchanges = [];
let dropped = 0;
let total = 0;
const opened = new Set(); // numbers of the requests whose details are shown

const isProblem = (exchange) => exchange.status === 0 || exchange.status >= 400 || exchange.fault || exchange.rejection || exchange.advice.length;

function showJournal() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = exchanges.filter((exchange) => {
    const text = `${exchange.number} ${exchange.status} ${exchange.method} ${exchange.target} ${exchange.operation ?? ""} ${exchange.job ?? ""} ${exchange.fault ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word)) && (!$("problems").checked || isProblem(exchange));
  });
  const filtered = matching.length < exchanges.length;
  $("count").textContent = `${filtered ? `${matching.length} of ${total}` : total}${dropped ? `, ${dropped} older ones dropped` : ""}`;
  render($("journal"), [matching, [...opened], started, total], () => {
    if (!total) return nothing("No client has sent a request yet. Try the link to the REST API at the top of the page.");
    if (!matching.length) return nothing("No request matches.");
    const rows = matching.slice().reverse().flatMap((exchange) => [row(exchange), opened.has(exchange.number) ? details(exchange) : null]);
    return element("table", {}, element("thead", {}, element("tr", {}, ["#", "Time", "Status", "Request", "Job", "Note"].map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, rows.filter(Boolean)));
  });
}

function row(exchange) {
  const open = opened.has(exchange.number);
  const toggle = () => {
    if (!opened.delete(exchange.number)) opened.add(exchange.number);
    showJournal();
  };
  const note = exchange.fault ?? exchange.rejection ?? exchange.advice[0] ?? "";
  return element("tr", { class: exchange.status >= 400 || !exchange.status ? "failed" : "" },
    element("td", {}, element("button", { class: "plain", "data-key": `request-${exchange.number}`, "aria-expanded": String(open), "aria-label": `Details of request ${exchange.number}`, onclick: toggle }, `${open ? "▾" : "▸"} ${exchange.number}`)),
    element("td", { title: clockText(exchange.time) }, `+${duration(exchange.time - started)}`),
    element("td", { class: "status" }, exchange.status || "none"),
    element("td", { class: "request" }, element("b", {}, exchange.method), ` ${exchange.target}`),
    element("td", {}, exchange.job ?? ""),
    element("td", { class: "why" }, exchange.fault ? element("span", { class: "bad-text" }, note) : note));
}

function details(exchange) {
  const cell = element("td", { colspan: 6 }, nothing("…"));
  send("GET", `requests/${exchange.number}`).then((whole) => cell.replaceChildren(facts(whole)), (error) => cell.replaceChildren(nothing(error.message)));
  return element("tr", { class: "details" }, cell);
}

function facts(whole) {
  const shown = [
    ["Operation", whole.operation ?? "none: the release has no such operation"],
    ["Response", `${whole.status || "none"}${whole["content-type"] ? `, ${whole["content-type"]}` : ""}, ${whole["response-size"]} bytes, after ${(whole["duration-us"] / 1000).toFixed(1)} ms`],
    ["Error", whole["error-message"]],
    ["Fault", whole.fault],
    ["Rejected", whole.rejection],
    ["Advice", whole.advice.join("\n")],
    ["Files", whole.files.join(", ")],
    ["Headers", whole.headers.map(({ name, value }) => `${name}: ${value}`).join("\n")],
    ["Body", whole.body == null ? "" : JSON.stringify(whole.body, null, 2)],
  ].filter(([, value]) => value);
  return element("dl", {}, shown.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, element("pre", {}, value))]));
}

async function loadJournal() {
  const { requests, count, dropped: lost } = await send("GET", `requests?limit=${LIMIT}`);
  exchanges = requests;
  total = count;
  dropped = lost;
  for (const number of opened) if (!requests.some((exchange) => exchange.number === number)) opened.delete(number);
  showJournal();
}

function connectJournal() {
  $("filter").addEventListener("input", showJournal);
  $("problems").addEventListener("change", showJournal);
  $("clear").addEventListener("click", () => act("The journal is empty.", () => send("DELETE", "requests")));
  $("har").addEventListener("click", async () => {
    const text = JSON.stringify(await send("GET", "requests/har"), null, 1);
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    element("a", { href: url, download: "flinkmock.har" }).click();
    URL.revokeObjectURL(url);
  });
}
