// The two plots: task metric and drift over time.
function shape(parent, family, x, y, r) {
  const attributes = {class: "f-" + family};
  if (family === "hero") return element(parent, "svg:circle", {...attributes, cx: x, cy: y, r});
  const d = family === "zeroquant" ? `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`
    : family === "ptq" ? `M${x} ${y - r - 1}l${r + 1} ${2 * r + 1}h${-2 * r - 2}z`
    : `M${x} ${y - r - 1}l${r + 1} ${r + 1}l${-r - 1} ${r + 1}l${-r - 1} ${-r - 1}z`;
  return element(parent, "svg:path", {...attributes, d});
}

// Hashes of the plans that no other of them beats in time and metric, fastest first; equal ones all.
function frontOf(points, metric) {
  const sign = metric === "value" ? -1 : 1, cost = p => sign * p.result[metric];
  const front = [];
  for (const p of [...points].sort((a, b) => a.latency.ms - b.latency.ms || cost(a) - cost(b))) {
    const last = front.at(-1);
    if (!last || cost(p) < cost(last) || (cost(p) === cost(last) && p.latency.ms === last.latency.ms)) front.push(p);
  }
  return front.map(p => p.hash);
}
const plotPoints = metric => Object.entries(group()?.plans ?? {})
  .filter(([hash]) => shown(hash) && present(resultOf(hash)?.[metric]))
  .map(([hash, latency]) => ({hash, plan: data.plans[hash], latency, result: resultOf(hash)}));

function drawAxes(svg, box, xAxis, yAxis) {
  for (const tick of yAxis.ticks) {
    const y = place(yAxis, tick, box.bottom, box.top);
    element(svg, "svg:path", {class: "line s-grid", d: `M${box.left} ${y}H${box.right}`});
    element(svg, "svg:text", {class: "f-soft", x: box.left - 6, y: y + 4, "text-anchor": "end"},
            tick.toFixed(yAxis.decimals));
  }
  for (const tick of xAxis.ticks)
    element(svg, "svg:text", {class: "f-soft", x: place(xAxis, tick, box.left, box.right), y: box.bottom + 17,
                              "text-anchor": "middle"}, tick.toFixed(xAxis.decimals));
  element(svg, "svg:path", {class: "line s-axis", d: `M${box.left} ${box.bottom}H${box.right}`});
  element(svg, "svg:text", {class: "f-soft", x: (box.left + box.right) / 2, y: box.bottom + 36,
                            "text-anchor": "middle"}, "median time (ms)");
}

function drawMarks(svg, points, onFront, metric) {
  const marks = element(svg, "svg:g");
  const byTime = [...points].sort((a, b) => a.latency.ms - b.latency.ms);
  for (const p of [...byTime.filter(q => !onFront.has(q.hash)), ...byTime.filter(q => onFront.has(q.hash))]) {
    const mark = shape(marks, p.plan.family, p.x, p.y, onFront.has(p.hash) ? 5.5 : 4);
    mark.classList.add("p");
    if (!onFront.has(p.hash) && !p.plan.fp16) mark.classList.add("off");
    mark.dataset.hash = p.hash;
    mark.setAttribute("tabindex", onFront.has(p.hash) ? "0" : "-1");
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", `${planName(p.plan)}: ${fixed(p.latency.ms, 3)} ms, ` +
      `${metric === "value" ? task().metric : metric} ${fixed(p.result[metric], 4)}` +
      (onFront.has(p.hash) ? ", on the front" : ""));
    p.mark = mark;
  }
  svg.byTime = byTime;
}

function drawPlot(svg, metric, makeAxis) {
  svg.replaceChildren();
  // Drawn at its true width, so that text keeps its size on a phone.
  const width = Math.max(280, Math.round(svg.clientWidth) || 520), height = Math.round(Math.min(360, width * .85));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const points = svg.points = plotPoints(metric);
  svg.whisker = null;
  svg.byTime = [];
  if (!points.length) {
    element(svg, "svg:text", {class: "f-soft", x: width / 2, y: height / 2, "text-anchor": "middle"},
            "no plan has both yet");
    return;
  }
  const xAxis = linearAxis(points.map(p => p.latency.ms)), yAxis = makeAxis(points.map(p => p.result[metric]));
  const digits = Math.max(...yAxis.ticks.map(t => t.toFixed(yAxis.decimals).length));
  const box = {left: 12 + 7.5 * digits, right: width - 10, top: 12, bottom: height - 42};
  drawAxes(svg, box, xAxis, yAxis);
  for (const p of points) {
    p.x = place(xAxis, p.latency.ms, box.left, box.right);
    p.y = place(yAxis, p.result[metric], box.bottom, box.top);
  }
  const front = frontOf(points, metric), steps = front.map(hash => points.find(p => p.hash === hash));
  element(svg, "svg:path", {class: "line front s-front", d: `M${steps[0].x} ${steps[0].y}` +
    steps.slice(1).map(p => `H${p.x}V${p.y}`).join("")});
  svg.whisker = element(svg, "svg:path", {class: "line whisker s-ink", d: ""});
  drawMarks(svg, points, new Set(front), metric);
  drawNames(svg, points, box);
  svg.whiskerPath = p => metric !== "value" ? "" :
    `M${p.x} ${place(yAxis, Math.max(p.result.low, yAxis.low), box.bottom, box.top)}` +
    `V${place(yAxis, Math.min(p.result.high, yAxis.high), box.bottom, box.top)}`;
}

// Names of the known plans: inside the plot, off the names that stand already, covering few marks.
function drawNames(svg, points, box) {
  const taken = [];
  const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
  for (const p of points) {
    if (!p.plan.named) continue;
    const w = 6.7 * p.plan.display.length;
    let best = null, fewest = 4;
    for (const [dx, dy] of [[8, 4], [-8 - w, 4], [-w / 2, -10], [-w / 2, 19], [6, -10], [6, 19], [-6 - w, -10], [-6 - w, 19]]) {
      const x = p.x + dx, y = p.y + dy, place = [x, y - 10, x + w, y + 2];
      if (place[0] < box.left || place[2] > box.right + 8 || place[1] < box.top - 10 || place[3] > box.bottom) continue;
      if (taken.some(t => overlap(t, place))) continue;
      const covered = points.filter(q => overlap([q.x - 4, q.y - 4, q.x + 4, q.y + 4], place)).length;
      if (covered < fewest) [best, fewest] = [place, covered];
    }
    if (!best) continue;
    taken.push(best);
    element(svg, "svg:text", {class: "name halo f-ink", x: best[0], y: best[3] - 2, "aria-hidden": "true"}, p.plan.display);
  }
}

function listenToPlot(svg) {
  // The nearest mark within a finger's width: marks are too small to be hit.
  const pick = e => {
    const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
    const x = (e.clientX - box.left) * scale, y = (e.clientY - box.top) * scale;
    const near = svg.points.map(p => [Math.hypot(p.x - x, p.y - y), p.hash]).sort((a, b) => a[0] - b[0])[0];
    if (near && near[0] < 22) showPlan(near[1]);
  };
  svg.addEventListener("pointermove", pick);
  svg.addEventListener("click", pick);
  // On the figure: a picture that listens for the focus itself becomes a stop of the Tab key.
  const figure = svg.parentElement;
  figure.addEventListener("focusin", e => e.target.dataset.hash && showPlan(e.target.dataset.hash));
  figure.addEventListener("keydown", e => {
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[e.key];
    const at = svg.byTime.findIndex(p => p.mark === e.target);
    if (!step || at < 0) return;
    e.preventDefault();
    svg.byTime[(at + step + svg.byTime.length) % svg.byTime.length].mark.focus();
  });
}
