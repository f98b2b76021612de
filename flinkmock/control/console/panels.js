// The panels around the timeline: clock, jobs, faults, processes, signals, snapshots, expectations, scenario.

const STATES = ["INITIALIZING", "CREATED", "RUNNING", "RESTARTING", "FAILING", "FAILED", "CANCELLING", "CANCELED",
  "FINISHED", "SUSPENDED", "RECONCILING"];
const MODES = ["virtual", "real", "10x", "1s per request"];
let scenarioStart = 0; // the cluster time at which the scenario began, in ms since the epoch

// Call `sendRequests`, show a message or the error, and refresh the page. Return whether the requests succeeded.
async function perform(message, sendRequests) {
  $("messages").replaceChildren();
  try {
    const result = await sendRequests();
    if (message) showMessage(typeof message === "function" ? message(result) : message);
    await refresh({ all: true });
    return true;
  } catch (error) {
    showMessage(error.message, { isError: true, details: error.details });
    await refresh({ all: true });
    return false;
  }
}

const jobPath = (id) => `jobs/${encodeURIComponent(id)}`;
const button = (key, text, onclick, attributes = {}) => element("button", { type: "button", "data-key": key, onclick, ...attributes }, text);
const hint = (text) => element("p", { class: "faint" }, text);

function showClock({ now, mode, "started-at": start, "next-event-at": next }) {
  scenarioStart = start;
  $("time").value = clockText(now);
  $("date").textContent = new Date(now).toISOString().slice(0, 10);
  $("elapsed").textContent = `+${formatDuration(now - start)}`;
  $("elapsed").title = "Since the start of the scenario";
  setOptions($("mode"), MODES.includes(mode) ? MODES : [...MODES, mode]);
  if (document.activeElement !== $("mode")) $("mode").value = mode;
  $("next-event").disabled = next == null;
  $("next-event").textContent = next == null ? "No next event" : next <= now ? "Next event" : `Next event, in ${formatDuration(next - now, next - now < 1000 ? 3 : 1)}`;
}

function showJobs({ jobs, clock }) {
  // a row shows how long its job is in its state only if the clock stands still: otherwise it would change with each poll
  const clockStandsStill = clock.mode === "virtual" || clock.mode.endsWith("per request");
  const rows = jobs.map((job) => {
    const latest = job.states.at(-1) ?? { state: "INITIALIZING", at: clock.now };
    const completed = job.checkpoints.filter((checkpoint) => checkpoint["ended-at"] != null && !checkpoint.failure);
    return [job.id, job.name, latest.state, latest.note, clockStandsStill ? formatDuration(clock.now - latest.at, 0) : "", completed.at(-1)?.id];
  }).reverse();
  setOptions($("run-until").job, [...new Set(jobs.map((job) => job.name))].reverse());
  render($("jobs"), rows, () => {
    if (!rows.length) return hint("There are no jobs.");
    return element("ul", { class: "rows" }, rows.map(([id, name, state, note, timeInState, checkpoint]) => {
      const hasEnded = TERMINAL_STATES.includes(state);
      return element("li", {},
        element("span", { class: `pill s-${state.toLowerCase()} t-${state.toLowerCase()}` }, state),
        element("span", { class: "grow" }, element("b", {}, name), " ",
          element("code", { class: "faint", title: id }, id.slice(0, 8)),
          element("span", { class: "faint" }, timeInState ? (hasEnded ? ` ${timeInState} ago` : ` for ${timeInState}`) : "", checkpoint ? ` · checkpoint ${checkpoint}` : ""),
          note ? element("span", { class: "reason", title: note }, note) : null),
        hasEnded ? null : element("span", { class: "group" },
          button(`fail-${id}`, "Fail…", () => failJob(id, name), { "aria-label": `Fail ${name}` }),
          button(`restart-${id}`, "Restart", () => perform(`${name} restarts.`, () => send("POST", `${jobPath(id)}/restart`)), { "aria-label": `Restart ${name}`, disabled: state !== "RUNNING" }),
          button(`finish-${id}`, "Finish", () => perform(`${name} finishes.`, () => send("POST", `${jobPath(id)}/finish`)), { "aria-label": `Finish ${name}` }),
          button(`cancel-${id}`, "Cancel", () => perform(`${name} is cancelled.`, () => send("POST", `${jobPath(id)}/cancel`)), { "aria-label": `Cancel ${name}` })));
    }));
  });
}

async function failJob(id, name) {
  const dialog = $("fail-dialog");
  const form = dialog.querySelector("form");
  $("fail-title").textContent = `Fail ${name}`;
  const { vertices } = await send("GET", jobPath(id));
  setOptions(form.vertex, ["", ...vertices.map((vertex) => vertex.name)], (value) => value || "any vertex");
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "fail") return;
    const body = { exception: { class: form.class.value, message: form.message.value } };
    if (form.vertex.value) body.vertex = form.vertex.value;
    perform(`${name} fails with ${form.class.value}.`, () => send("POST", `${jobPath(id)}/fail`, { body }));
  };
  dialog.showModal();
  form.class.focus();
}

function summary(definition) {
  return Object.entries(definition ?? {}).filter(([key]) => key !== "name")
    .map(([key, value]) => `${key}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ");
}

function showFaults(faults) {
  render($("faults"), faults, () => {
    if (!faults.length) return hint("Nothing goes wrong between clients and the cluster.");
    return element("ul", { class: "rows" }, faults.map(({ name, hits, definition }, index) => element("li", {},
      element("span", { class: "grow" }, element("b", {}, name), element("span", { class: "detail" }, summary(definition) || "created in Python")),
      element("span", { class: hits ? "hits bad-text" : "hits faint" }, hits === 1 ? "1 hit" : `${hits} hits`),
      button(`remove-${name}-${index}`, "Remove", () => perform(`Fault ${name} is removed.`, () => send("DELETE", `faults/${encodeURIComponent(name)}`)), { "aria-label": `Remove fault ${name}` }))));
  });
}

function showProcesses({ taskmanagers, leaders }) {
  const registered = taskmanagers.filter((taskmanager) => taskmanager["lost-at"] == null).map((taskmanager) => taskmanager.id);
  const leader = leaders.find((term) => term.until == null)?.jobmanager;
  render($("processes"), [registered, leader], () => [
    element("ul", { class: "rows" },
      element("li", {}, element("span", { class: "grow" }, leader == null ? "No JobManager is the leader." : `JobManager ${leader} is the leader.`),
        button("leader", "Crash for 5 s", () => perform("The leader has crashed.", () => send("POST", "leader/crash", { body: { for: "5s" } })), { disabled: leader == null })),
      registered.slice(0, 12).map((id) => element("li", {}, element("code", { class: "grow" }, id),
        button(`lose-${id}`, "Lose", () => perform(`TaskManager ${id} is lost.`, () => send("POST", "taskmanagers/lose", { body: { id } })), { "aria-label": `Lose TaskManager ${id}` }))),
      registered.length > 12 ? element("li", { class: "faint" }, `… and ${registered.length - 12} more ${registered.length === 13 ? "TaskManager" : "TaskManagers"}`) : null,
      registered.length ? null : element("li", { class: "faint" }, "No TaskManager is registered.")),
    element("div", { class: "line" }, button("join", "Add a TaskManager", () => perform(({ id }) => `${id} joins.`, () => send("POST", "taskmanagers/join")))),
  ]);
}

function showSignals(signals) {
  render($("signals"), signals, () => {
    if (!signals.length) return hint("No job or operation waits for a signal.");
    return element("ul", { class: "rows" }, signals.map(({ name, awaited }) => element("li", {},
      element("span", { class: "grow" }, element("b", {}, name), element("span", { class: awaited ? "bad-text" : "faint" }, awaited ? " awaited now" : " not awaited")),
      button(`signal-${name}`, "Send", () => perform(`Signal ${name} is sent.`, () => send("POST", `signals/${encodeURIComponent(name)}`)), { "aria-label": `Send signal ${name}`, class: awaited ? "primary" : false }))));
  });
}

function showSnapshots(snapshots) {
  render($("snapshots"), [snapshots, scenarioStart], () => {
    if (!snapshots.length) return hint("A snapshot keeps everything: jobs, faults, requests and the time.");
    return element("ul", { class: "rows" }, snapshots.map(({ id, at }) => element("li", {},
      element("span", { class: "grow" }, element("b", {}, `+${formatDuration(at - scenarioStart)}`), " ", element("code", { class: "faint" }, id)),
      button(`restore-${id}`, "Restore", () => perform(`The cluster is back at +${formatDuration(at - scenarioStart)}.`, () => send("POST", `snapshots/${id}/restore`)), { "aria-label": `Restore snapshot ${id}` }),
      button(`delete-${id}`, "Delete", () => perform("The snapshot is deleted.", () => send("DELETE", `snapshots/${id}`)), { "aria-label": `Delete snapshot ${id}` }))));
  });
}

function showExpectations({ expectations }) {
  $("expectations-section").hidden = !expectations.length;
  render($("expectations"), expectations, () => element("ul", { class: "rows" }, expectations.map((expectation) => element("li", {},
    element("span", { class: `pill ${expectation.met ? "s-finished t-finished" : "s-failing t-failing"}` }, expectation.met ? "met" : "not met yet"),
    element("code", { class: "grow" }, expectation.expectation),
    expectation.message ? element("details", {}, element("summary", {}, "Why"), element("span", { class: "detail" }, expectation.message)) : null))));
}

let shownScenario = "";

// Show the text of the scenario, unless somebody is editing it.
async function showScenarioText({ replace = false } = {}) {
  const field = $("scenario-text");
  if (!$("scenario-details").open || (field.value !== shownScenario && !replace)) return;
  const text = await send("GET", "scenario", { accept: "application/yaml" }).catch((error) => `# ${error.message}`);
  if (text !== shownScenario || replace) field.value = text;
  shownScenario = field.value;
}

const replaceScenario = async (body, message) => {
  if (await perform(message, () => send("PUT", "scenario", { body, type: "application/yaml" }))) await showScenarioText({ replace: true });
};

function onSubmit(id, handleForm) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    handleForm(event.target);
  });
}

function connectPanels() {
  setOptions($("run-until").state, STATES);
  $("run-until").state.value = "FINISHED";
  document.querySelectorAll("[data-advance]").forEach((button) => button.addEventListener("click", () =>
    perform(null, () => send("POST", "clock/advance", { body: { by: button.dataset.advance } }))));
  $("next-event").addEventListener("click", () => perform(null, () => send("POST", "clock/next-event")));
  $("mode").addEventListener("change", () => perform(`The clock is ${$("mode").value}.`, () => send("PUT", "clock/mode", { body: { mode: $("mode").value } })));
  onSubmit("run-until", (form) => perform(`${form.job.value} is ${form.state.value}.`, () =>
    send("POST", "clock/run-until", { body: { job: form.job.value, state: form.state.value } })));
  onSubmit("submit", (form) => perform(({ name }) => `${name} is submitted.`, () =>
    send("POST", "jobs", { body: { name: form.name.value, template: form.template.value } })));
  onSubmit("add-fault", (form) => perform(({ faults }) => `Added: ${faults.map((fault) => fault.name).join(", ")}.`, () =>
    send("POST", `faults?first=${form.first.checked}`, { body: form.fault.value, type: "application/yaml" })));
  onSubmit("load", (form) => replaceScenario(form.scenario.value, `${form.scenario.value} is loaded.`));
  onSubmit("replace", () => replaceScenario($("scenario-text").value, "The scenario is replaced."));
  $("scenario-details").addEventListener("toggle", () => showScenarioText());
  $("reset").addEventListener("click", () => perform("The cluster starts again.", () => send("POST", "reset")));
  $("take-snapshot").addEventListener("click", () => perform("The snapshot is taken.", () => send("POST", "snapshots")));
}

async function listBuiltInScenarios() {
  const select = $("load").scenario;
  if (select.options.length) return;
  const { scenarios } = await send("GET", "scenarios");
  const descriptions = Object.fromEntries(scenarios.map(({ name, description }) => [name, description]));
  const describe = () => { $("description").textContent = descriptions[select.value]; };
  setOptions(select, Object.keys(descriptions), (name) => name.replace(/\.yaml$/, ""));
  select.addEventListener("change", describe);
  describe();
}
