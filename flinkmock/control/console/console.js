// Polls the cluster: once a second, and not while the page is hidden. Everything but the timeline is read again only
// when the timeline has changed, and now and then, because other clients of the control API may change it.

const INTERVAL = 1000;
const EVERYTHING_EVERY = 5;
let latest = null;
let seen = "";
let round = 0;
let refreshing = null;

function connected(text, bad = false) {
  const shown = $("connection");
  if (shown.textContent !== text) shown.textContent = text;
  shown.classList.toggle("bad-text", bad);
}

async function refresh({ all = false } = {}) {
  while (refreshing) await refreshing;
  refreshing = read(all).finally(() => { refreshing = null; });
  return refreshing;
}

async function read(all) {
  try {
    const data = await send("GET", "timeline");
    latest = data;
    showClock(data.clock);
    drawTimeline(data);
    showJobs(data);
    showProcesses(data);
    const { now, ...clock } = data.clock;
    const text = JSON.stringify({ ...data, clock });
    if (all || text !== seen || round++ % EVERYTHING_EVERY === 0) await readEverything();
    seen = text;
    connected("live");
  } catch (error) {
    connected(error instanceof RequestRejected ? error.message : "The cluster does not answer.", true);
  }
}

async function readEverything() {
  const [version, { faults }, { signals }, { snapshots }, expectations, { templates }] = await Promise.all([
    send("GET", "version"), send("GET", "faults"), send("GET", "signals"), send("GET", "snapshots"),
    send("GET", "expectations"), send("GET", "templates"), loadJournal(),
  ]);
  $("release").textContent = `Flink ${version.flink}`;
  $("release").title = `flinkmock ${version.flinkmock}`;
  document.title = `flinkmock: Flink ${version.flink} (fake)`;
  $("rest").href = `${version.urls[0]}/overview`;
  showFaults(faults);
  showSignals(signals);
  showSnapshots(snapshots);
  showExpectations(expectations);
  options($("submit").template, templates);
  await showScenarioText();
}

async function poll() {
  if (!document.hidden) await refresh();
  setTimeout(poll, INTERVAL);
}

connectPanels();
connectJournal();
$("span").addEventListener("change", () => latest && drawTimeline(latest));
new ResizeObserver(() => latest && drawTimeline(latest)).observe($("timeline"));
refresh({ all: true }).then(listBuiltIn).then(poll, poll);
