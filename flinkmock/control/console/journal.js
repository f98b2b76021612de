// The journal: what clients have sent, newest first.

const MAX_SHOWN_REQUESTS = 200;
let exchanges = [];
let droppedCount = 0;
let totalCount = 0;
const expanded = new Set(); // the numbers of the requests whose details are shown

const isProblem = (exchange) => exchange.status === 0 || exchange.status >= 400 || exchange.fault || exchange.rejection || exchange.advice.length;

function showJournal() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = exchanges.filter((exchange) => {
    const text = `${exchange.number} ${exchange.status} ${exchange.method} ${exchange.target} ${exchange.operation ?? ""} ${exchange.job ?? ""} ${exchange.fault ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word)) && (!$("problems").checked || isProblem(exchange));
  });
  const isFiltered = matching.length < exchanges.length;
  $("count").textContent = `${isFiltered ? `${matching.length} of ${totalCount}` : totalCount}${droppedCount ? `, ${droppedCount} older ones dropped` : ""}`;
  render($("journal"), [matching, [...expanded], scenarioStart, totalCount], () => {
    if (!totalCount) return hint("No client has sent a request yet. Try the link to the REST API at the top of the page.");
    if (!matching.length) return hint("No request matches.");
    const rows = matching.slice().reverse().flatMap((exchange) => [exchangeRow(exchange), expanded.has(exchange.number) ? detailsRow(exchange) : null]);
    return element("table", {}, element("thead", {}, element("tr", {}, ["#", "Time", "Status", "Request", "Job", "Note"].map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, rows.filter(Boolean)));
  });
}

function exchangeRow(exchange) {
  const isExpanded = expanded.has(exchange.number);
  const toggle = () => {
    if (!expanded.delete(exchange.number)) expanded.add(exchange.number);
    showJournal();
  };
  const note = exchange.fault ?? exchange.rejection ?? exchange.advice[0] ?? "";
  return element("tr", { class: exchange.status >= 400 || !exchange.status ? "failed" : "" },
    element("td", {}, element("button", { class: "plain", "data-key": `request-${exchange.number}`, "aria-expanded": String(isExpanded), "aria-label": `Details of request ${exchange.number}`, onclick: toggle }, `${isExpanded ? "▾" : "▸"} ${exchange.number}`)),
    element("td", { title: clockText(exchange.time) }, `+${formatDuration(exchange.time - scenarioStart)}`),
    element("td", { class: "status" }, exchange.status || "none"),
    element("td", { class: "request" }, element("b", {}, exchange.method), ` ${exchange.target}`),
    element("td", {}, exchange.job ?? ""),
    element("td", { class: "why" }, exchange.fault ? element("span", { class: "bad-text" }, note) : note));
}

function detailsRow(exchange) {
  const cell = element("td", { colspan: 6 }, hint("…"));
  send("GET", `requests/${exchange.number}`).then((fullExchange) => cell.replaceChildren(exchangeDetails(fullExchange)), (error) => cell.replaceChildren(hint(error.message)));
  return element("tr", { class: "details" }, cell);
}

function exchangeDetails(exchange) {
  const rows = [
    ["Operation", exchange.operation ?? "none: the release has no such operation"],
    ["Response", `${exchange.status || "none"}${exchange["content-type"] ? `, ${exchange["content-type"]}` : ""}, ${exchange["response-size"]} bytes, after ${(exchange["duration-us"] / 1000).toFixed(1)} ms`],
    ["Error", exchange["error-message"]],
    ["Fault", exchange.fault],
    ["Rejected", exchange.rejection],
    ["Advice", exchange.advice.join("\n")],
    ["Files", exchange.files.join(", ")],
    ["Headers", exchange.headers.map(({ name, value }) => `${name}: ${value}`).join("\n")],
    ["Body", exchange.body == null ? "" : JSON.stringify(exchange.body, null, 2)],
  ].filter(([, value]) => value);
  return element("dl", {}, rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, element("pre", {}, value))]));
}

async function loadJournal() {
  const { requests, count, dropped } = await send("GET", `requests?limit=${MAX_SHOWN_REQUESTS}`);
  exchanges = requests;
  totalCount = count;
  droppedCount = dropped;
  for (const number of expanded) if (!requests.some((exchange) => exchange.number === number)) expanded.delete(number);
  showJournal();
}

function connectJournal() {
  $("filter").addEventListener("input", showJournal);
  $("problems").addEventListener("change", showJournal);
  $("clear").addEventListener("click", () => perform("The journal is empty.", () => send("DELETE", "requests")));
  $("har").addEventListener("click", async () => {
    const text = JSON.stringify(await send("GET", "requests/har"), null, 1);
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    element("a", { href: url, download: "flinkmock.har" }).click();
    URL.revokeObjectURL(url);
  });
}
