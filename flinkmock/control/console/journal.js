// The journal: what clients have sent, newest first.

const LIMIT = 200;
let exchanges = [];
let dropped = 0;
let total = 0;
const opened = new Set(); // numbers of the requests whose details are shown

const isProblem = (each) => each.status === 0 || each.status >= 400 || each.fault || each.rejection || each.advice.length;

function showJournal() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = exchanges.filter((each) => {
    const text = `${each.number} ${each.status} ${each.method} ${each.target} ${each.operation ?? ""} ${each.job ?? ""} ${each.fault ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word)) && (!$("problems").checked || isProblem(each));
  });
  const filtered = matching.length < exchanges.length;
  $("count").textContent = `${filtered ? `${matching.length} of ${total}` : total}${dropped ? `, ${dropped} older ones dropped` : ""}`;
  render($("journal"), [matching, [...opened], started, total], () => {
    if (!total) return nothing("No client has sent a request yet. Try the link to the REST API at the top of the page.");
    if (!matching.length) return nothing("No request matches.");
    const rows = matching.slice().reverse().flatMap((each) => [row(each), opened.has(each.number) ? details(each) : null]);
    return element("table", {}, element("thead", {}, element("tr", {}, ["#", "Time", "Status", "Request", "Job", "Note"].map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, rows.filter(Boolean)));
  });
}

function row(each) {
  const open = opened.has(each.number);
  const toggle = () => {
    if (!opened.delete(each.number)) opened.add(each.number);
    showJournal();
  };
  const note = each.fault ?? each.rejection ?? each.advice[0] ?? "";
  return element("tr", { class: each.status >= 400 || !each.status ? "failed" : "" },
    element("td", {}, element("button", { class: "plain", "data-key": `request-${each.number}`, "aria-expanded": String(open), "aria-label": `Details of request ${each.number}`, onclick: toggle }, `${open ? "▾" : "▸"} ${each.number}`)),
    element("td", { title: clockText(each.time) }, `+${duration(each.time - started)}`),
    element("td", { class: "status" }, each.status || "none"),
    element("td", { class: "request" }, element("b", {}, each.method), ` ${each.target}`),
    element("td", {}, each.job ?? ""),
    element("td", { class: "why" }, each.fault ? element("span", { class: "bad-text" }, note) : note));
}

function details(each) {
  const cell = element("td", { colspan: 6 }, nothing("…"));
  send("GET", `requests/${each.number}`).then((whole) => cell.replaceChildren(facts(whole)), (error) => cell.replaceChildren(nothing(error.message)));
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
  for (const number of opened) if (!requests.some((each) => each.number === number)) opened.delete(number);
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
