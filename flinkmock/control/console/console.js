// Polls the cluster: once a second, and not while the page is hidden. Each poll reads the timeline. Everything else is read again
// when the timeline has changed, and in every fifth poll without a change, because the timeline does not show all changes that other
// clients of the control API make. The list of built-in scenarios never changes: it is read once.

const INTERVAL_MS = 1000;
const POLLS_BETWEEN_FULL_READS = 5;
let latestTimeline = null;
let latestTimelineText = ""; // the latest timeline as JSON, without the time
let unchangedPollCount = 0;
let refreshPromise = null; // null unless a refresh is running

function showConnection(text, { isError = false } = {}) {
  const status = $("connection");
  if (status.textContent !== text) status.textContent = text;
  status.classList.toggle("bad-text", isError);
}

async function refresh({ all = false } = {}) {
  while (refreshPromise) await refreshPromise;
  refreshPromise = read(all).finally(() => { refreshPromise = null; });
  return refreshPromise;
}

async function read(all) {
  try {
    const timeline = await send("GET", "timeline");
    latestTimeline = timeline;
    showClock(timeline.clock);
    drawTimeline(timeline);
    showJobs(timeline);
    showProcesses(timeline);
    const { now, ...clock } = timeline.clock;
    const timelineText = JSON.stringify({ ...timeline, clock });
    if (all || timelineText !== latestTimelineText || unchangedPollCount++ % POLLS_BETWEEN_FULL_READS === 0) await readEverything();
    latestTimelineText = timelineText;
    showConnection("live");
  } catch (error) {
    showConnection(error instanceof RequestRejected ? error.message : "The cluster does not answer.", { isError: true });
  }
}

async function readEverything() {
  const [version, { faults }, { signals }, { snapshots }, expectations, { templates }] = await Promise.all([
    send("GET", "version"), send("GET", "faults"), send("GET", "signals"), send("GET", "snapshots"),
    send("GET", "expectations"), send("GET", "templates"), loadJournal(), listBuiltInScenarios(),
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
$("span").addEventListener("change", () => latestTimeline && drawTimeline(latestTimeline));
new ResizeObserver(() => latestTimeline && drawTimeline(latestTimeline)).observe($("timeline"));
refresh({ all: true }).then(poll);
