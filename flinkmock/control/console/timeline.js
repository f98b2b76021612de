// Draws the response of GET timeline as SVG, as `flinkmock scenario plan` does: a lane with coloured states for each job, and a line
// at the current time.

const HATCHED_STATES = ["RESTARTING", "FAILING"];
const TERMINAL_STATES = ["FINISHED", "CANCELED", "FAILED", "SUSPENDED"];
const GRID_STEPS_MS = [100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 3e4, 6e4, 12e4, 3e5, 6e5, 12e5, 18e5, 36e5, 72e5, 144e5, 216e5,
  432e5, 864e5, 1728e5, 432e6, 864e6];
const MAX_LANES = 40;
const MIN_LEGEND_MS = 500; // shorter states are not in the legend
const BAR_HEIGHT = 22;
const LETTER_WIDTH = 6.1; // the approximate width of a small letter

const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const rounded = (x) => Math.round(x * 10) / 10;
const simpleName = (exception) => exception.split(":")[0].split(".").pop();

// Return the times at which the picture begins and ends. `spanMs` is how much of the past it shows; 0: everything
// since the start, and before it at most a quarter of that time.
function visibleRange(data, spanMs) {
  const { now, "started-at": start } = data.clock;
  const elapsed = Math.max(now - start, 30000);
  const first = Math.min(start, ...data.jobs.flatMap((job) => job.states.slice(0, 1).map((state) => state.at)));
  const begin = spanMs ? Math.max(now - spanMs, first) : Math.max(first, start - elapsed / 4);
  const length = Math.max(now - begin, 30000);
  return { begin, end: begin + length * 1.08 };
}

class Picture {
  constructor(data, width, spanMs) {
    this.data = data;
    this.width = width;
    this.isNarrow = width < 640;
    this.left = this.isNarrow ? 4 : 160;
    this.right = width - 12;
    this.now = data.clock.now;
    this.start = data.clock["started-at"];
    Object.assign(this, visibleRange(data, spanMs));
    this.top = 34;
    this.parts = [];
  }

  x(at) {
    const share = (Math.min(Math.max(at, this.begin), this.end) - this.begin) / (this.end - this.begin);
    return this.left + (this.right - this.left) * share;
  }

  sinceStart(at) { return (at >= this.start ? "+" : "") + formatDuration(at - this.start); }

  add(text) { this.parts.push(text); }

  drawText(x, y, text, classes, { anchor = "start", title = "" } = {}) {
    const tip = title ? `<title>${escaped(title)}</title>` : "";
    this.add(`<text class="${classes}" x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}">${tip}${escaped(text)}</text>`);
  }

  drawLabel(name, detail, y) {
    if (this.isNarrow) {
      this.drawText(this.left, y - 7, detail ? `${name} · ${detail}` : name, "name");
      return;
    }
    const short = name.length > 22 ? name.slice(0, 21) + "…" : name;
    this.drawText(2, y + (detail ? 9 : 14), short, "name", { title: name });
    if (detail) this.drawText(2, y + 23, detail, "faint small");
  }

  draw() {
    const jobs = this.data.jobs.slice(-MAX_LANES);
    for (const job of jobs) this.drawJob(job);
    if (jobs.length < this.data.jobs.length) {
      const omitted = this.data.jobs.length - jobs.length;
      this.drawText(this.left, this.top + 12, `… and ${omitted} earlier ${omitted === 1 ? "job" : "jobs"}`, "faint");
      this.top += 24;
    }
    if (!jobs.length) {
      this.drawText(this.left + 8, this.top + 26, "No job yet. Submit one below, or let your client do it.", "faint");
      this.top += 44;
    }
    this.drawCluster();
    this.drawFaults();
    const body = this.parts;
    this.parts = [];
    this.drawGrid();
    const grid = this.parts;
    this.parts = [];
    this.drawCurrentTime();
    const height = this.top + 24;
    return `<svg viewBox="0 0 ${this.width} ${height}" width="${this.width}" height="${height}" role="img" `
      + `aria-label="${escaped(this.description())}">${PATTERNS}${grid.join("")}${body.join("")}${this.parts.join("")}</svg>`;
  }

  description() {
    const states = this.data.jobs.map((job) => `${job.name} is ${job.states.at(-1)?.state ?? "new"}`);
    return `Timeline, ${formatDuration(this.now - this.start)} after the start: ${states.join(", ") || "no jobs"}`;
  }

  drawGrid() {
    const maxLines = Math.max(2, Math.floor((this.right - this.left) / 78));
    const length = this.end - this.begin;
    const step = GRID_STEPS_MS.find((step) => length / step <= maxLines) ?? length / maxLines;
    for (let at = Math.ceil((this.begin - this.start) / step) * step + this.start; at <= this.end; at += step) {
      const x = rounded(this.x(at));
      this.add(`<path class="grid" d="M${x} 22V${this.top}"/>`);
      const anchor = x < this.left + 12 ? "start" : x > this.right - 14 ? "end" : "middle";
      this.drawText(x, this.top + 16, formatDuration(at - this.start), "faint small", { anchor });
    }
  }

  drawCurrentTime() {
    const x = rounded(this.x(this.now));
    const label = this.sinceStart(this.now);
    const boxWidth = label.length * 7.2 + 12;
    const from = Math.min(Math.max(x - boxWidth / 2, 0), this.width - boxWidth);
    this.add(`<g class="current-time"><path d="M${x} 20V${this.top}"/><rect x="${rounded(from)}" y="2" width="${rounded(boxWidth)}" height="18" rx="4"/>`
      + `<text x="${rounded(from + boxWidth / 2)}" y="15" text-anchor="middle">${label}</text></g>`);
    const next = this.data.clock["next-event-at"];
    if (next != null && next > this.now && next <= this.end) {
      const at = rounded(this.x(next));
      this.add(`<g><title>The next event: ${this.sinceStart(next)}</title><path class="next" d="M${at} 24V${this.top}"/></g>`);
    }
  }

  drawJob(job) {
    const bar = this.top + (this.isNarrow ? 38 : 20);
    this.drawLabel(job.name, `parallelism ${job.parallelism}`, this.isNarrow ? bar - 15 : bar);
    const occupied = [];
    job.states.forEach((interval, index) => this.drawState(job, interval, job.states[index + 1]?.at ?? this.now, bar, index === job.states.length - 1));
    for (const operation of this.data.operations) if (operation.job === job.id) this.drawOperation(operation, bar, occupied);
    for (const interval of job.states) this.drawException(interval, bar, occupied);
    let previousX = -Infinity;
    const marks = job.checkpoints.map((checkpoint) => ({ checkpoint, x: this.x(checkpoint["ended-at"] ?? checkpoint["triggered-at"]) }));
    for (const { checkpoint, x } of marks.sort((a, b) => a.x - b.x)) {
      if (x <= this.left || (x - previousX < 6 && !checkpoint.failure && !checkpoint.savepoint)) continue;
      previousX = x;
      this.drawCheckpoint(checkpoint, x, bar + BAR_HEIGHT + 8);
    }
    this.top += this.isNarrow ? 80 : 60;
  }

  drawState(job, interval, end, bar, isLast) {
    if (end <= this.begin || (end === interval.at && !isLast)) return;
    const left = this.x(interval.at);
    const hasEnded = isLast && TERMINAL_STATES.includes(interval.state);
    const boxWidth = Math.max(this.x(end) - left, 1.2);
    const name = interval.state.toLowerCase();
    const box = `x="${rounded(left)}" y="${bar}" width="${rounded(boxWidth)}" height="${BAR_HEIGHT}"`;
    const title = `${job.name}: ${interval.state} from ${this.sinceStart(interval.at)}, ${formatDuration(end - interval.at)}${interval.note ? "\n" + interval.note : ""}`;
    this.add(`<g><title>${escaped(title)}</title><rect class="state s-${name}${hasEnded ? " over" : ""}" ${box}/>`);
    if (HATCHED_STATES.includes(interval.state)) this.add(`<rect class="hatch" ${box}/>`);
    if (hasEnded) this.add(`<rect class="s-${name}" x="${rounded(left)}" y="${bar}" width="3" height="${BAR_HEIGHT}"/>`);
    if (interval.state.length * 7.2 + 12 <= boxWidth) {
      this.add(`<text class="small ${hasEnded ? "" : `t-${name}`}" x="${rounded(left + 7)}" y="${bar + 15}">${interval.state}</text>`);
    }
    this.add("</g>");
  }

  // Draw a text above a bar, unless it would overlap another one. `occupied` has the left and right ends of the texts above the bar.
  drawLabelAbove(x, text, bar, occupied, classes, title) {
    const boxWidth = text.length * LETTER_WIDTH;
    const currentX = this.x(this.now);
    const from = x + boxWidth > currentX && x <= currentX ? currentX - boxWidth - 4 : Math.min(x, this.right - boxWidth);
    if (occupied.some(([a, b]) => from < b + 6 && from + boxWidth > a - 6)) return;
    occupied.push([from, from + boxWidth]);
    this.drawText(from, bar - 8, text, classes, { title });
  }

  drawException(interval, bar, occupied) {
    if (interval.note && interval.at >= this.begin) this.drawLabelAbove(this.x(interval.at), simpleName(interval.note), bar, occupied, "bad small", interval.note);
  }

  drawOperation(operation, bar, occupied) {
    const end = operation["done-at"] ?? this.now;
    if (end < this.begin) return;
    const left = this.x(operation["triggered-at"]);
    const right = Math.max(this.x(end), left + 3);
    const kind = operation.failure ? "bad" : "good";
    const outcome = operation.failure ? `failed: ${operation.failure}` : operation["done-at"] == null ? "in progress" : "completed";
    const title = `${operation.kind} ${outcome}\n${this.sinceStart(operation["triggered-at"])}, ${formatDuration(end - operation["triggered-at"])}\n${operation["trigger-id"]}`;
    const close = operation["done-at"] == null ? "" : "v4";
    this.add(`<g><title>${escaped(title)}</title><path class="${kind} line" d="M${rounded(left)} ${bar - 1}v-4H${rounded(right)}${close}"/></g>`);
    this.drawLabelAbove(left, operation.kind, bar - 1, occupied, `${kind} small`, title);
  }

  drawCheckpoint(checkpoint, x, y) {
    const kind = checkpoint.savepoint ? "savepoint" : "checkpoint";
    const outcome = checkpoint["ended-at"] == null ? "in progress" : checkpoint.failure ? `failed: ${checkpoint.failure}` : "completed";
    let shape = `<circle class="good${checkpoint["ended-at"] == null ? " open" : ""}" cx="${rounded(x)}" cy="${y}" r="2.4"/>`;
    if (checkpoint.failure) shape = `<path class="bad line" d="M${rounded(x - 3)} ${y - 3}l6 6m0-6l-6 6"/>`;
    else if (checkpoint.savepoint) shape = `<path class="good${checkpoint["ended-at"] == null ? " open" : ""}" d="M${rounded(x)} ${y - 5}l5 5-5 5-5-5z"/>`;
    this.add(`<g><title>${kind} ${checkpoint.id} ${outcome}</title>${shape}</g>`);
  }

  drawCluster() {
    const events = [];
    const add = (at, text, process, kind) => events.push({ at, text, process, kind });
    for (const { id, "joined-at": joinedAt, "lost-at": lostAt } of this.data.taskmanagers) {
      if (joinedAt > this.start) add(joinedAt, "TaskManager joins", id, "good");
      if (lostAt != null) add(lostAt, "TaskManager lost", id, "bad");
    }
    for (const { jobmanager, since, until } of this.data.leaders) {
      if (since != null) add(since, "leader elected", `JobManager ${jobmanager}`, "good");
      if (until != null) add(until, "leader crashes", `JobManager ${jobmanager}`, "bad");
    }
    const shown = events.filter(({ at }) => at >= this.begin).sort((a, b) => a.at - b.at);
    if (!shown.length) return;
    const y = this.top + (this.isNarrow ? 30 : 20);
    this.drawLabel("cluster", "", this.isNarrow ? y - 14 : y - 8);
    const occupied = [];
    for (const { at, text, process, kind } of shown) {
      const title = `${text}: ${process}\n${this.sinceStart(at)}`;
      this.add(`<g><title>${escaped(title)}</title><path class="${kind} line" d="M${rounded(this.x(at))} ${y + 6}v-12"/></g>`);
      const isBefore = this.x(at) + 5 + text.length * LETTER_WIDTH > this.right; // there is no space after the mark
      this.drawLabelAbove(this.x(at) + (isBefore ? -5 - text.length * LETTER_WIDTH : 5), text, y + 12, occupied, `${kind} small`, title);
    }
    this.top += this.isNarrow ? 52 : 40;
  }

  drawFaults() {
    const byFault = new Map();
    for (const hit of this.data["fault-hits"]) {
      if (hit.at < this.begin) continue;
      if (!byFault.has(hit.fault)) byFault.set(hit.fault, []);
      byFault.get(hit.fault).push(hit);
    }
    for (const [name, hits] of byFault) {
      const y = this.top + (this.isNarrow ? 26 : 4);
      const detail = hits.length === 1 ? "1 hit" : `${hits.length} hits`;
      this.drawLabel(name, detail, this.isNarrow ? y - 4 : y - 3);
      this.add(`<path class="grid" d="M${this.left} ${y + 9}H${this.right}"/>`);
      for (const hit of hits) {
        const title = `${name}: ${hit.request}\n${this.sinceStart(hit.at)}, request ${hit.number}`;
        const x = rounded(this.x(hit.at));
        this.add(`<g><title>${escaped(title)}</title><path class="bad" d="M${x} ${y + 2}l4.5 7-4.5 7-4.5-7z"/></g>`);
      }
      this.top += this.isNarrow ? 52 : 34;
    }
  }
}

const PATTERNS = '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
  + '<path d="M0 0v6" stroke="#000" stroke-opacity=".22" stroke-width="3"/></pattern></defs>';

function drawTimeline(data) {
  const container = $("timeline");
  container.innerHTML = new Picture(data, Math.max(container.clientWidth, 280), Number($("span").value)).draw();
  const isInLegend = (interval, index, intervals) => index === intervals.length - 1 || intervals[index + 1].at - interval.at >= MIN_LEGEND_MS;
  const states = [...new Set(data.jobs.flatMap((job) => job.states.filter(isInLegend).map((interval) => interval.state)))];
  const checkpoints = data.jobs.flatMap((job) => job.checkpoints);
  const hasCheckpoints = checkpoints.some((checkpoint) => !checkpoint.savepoint);
  const hasSavepoints = checkpoints.some((checkpoint) => checkpoint.savepoint);
  const hasFailures = checkpoints.some((checkpoint) => checkpoint.failure);
  render($("legend"), [states, hasCheckpoints, hasSavepoints, hasFailures], () => [
    ...states.map((state) => element("span", {}, element("i", { class: `s-${state.toLowerCase()}` }), state)),
    hasCheckpoints ? element("span", {}, "• checkpoint") : "",
    hasSavepoints ? element("span", {}, "◆ savepoint") : "",
    hasFailures ? element("span", {}, "× failed") : "",
  ]);
}
