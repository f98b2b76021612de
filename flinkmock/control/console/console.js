// Polls the cluster: once a second, and not while the page is hidden. Everything but the timeline is read again only
// when the timeline has changed, and now and then, because other clients of the control API may change it.

const INTERVAL_MS = 1000;
const POLLS_BETWEEN_FULL_READS = 5;
let latest = null;
let lastState = "";
let pollCount = 0;
let refreshing = null;

function showConnection(text, bad = false) {
  const status = $("connection");
  if (status.textContent !== text) status.textContent = text;
  status.classList.toggle("bad-text", bad);
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
    const state = JSON.stringify({ ...data, clock });
    if (all || state !== lastState || pollCount++ % POLLS_BETWEEN_FULL_READS === 0) await readEverything();
    lastState = state;
    showConnection("live");
  } catch (error) {
    showConnection(error instanceof RequestRejected ? error.message : "The cluster does not answer.", true);
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
  setOptions($("submit").template, templates);
  await showScenarioText();
}

async function poll() {
  if (!document.hidden) await refresh();
  setTimeout(poll, INTERVAL_MS);
}

connectPanels();
connectJournal();
$("span").addEventListener("change", () => latest && drawTimeline(latest));
new ResizeObserver(() => latest && drawTimeline(latest)).observe($("timeline"));
refresh({ all: true }).then(listBuiltIn).then(poll, poll);
