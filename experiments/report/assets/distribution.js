// Latency samples of the plans that matter: FP16, the chosen one, both fronts, then those with a name.
const mostStrips = 16;

function stripHashes() {
  const all = Object.keys(data.plans).filter(h => shown(h) && latencyOf(h)?.samples?.length);
  const wanted = all.filter(h => data.plans[h].fp16 || h === selected);
  if (task())
    for (const metric of ["value", "drift"]) wanted.push(...frontOf(plotPoints(metric), metric).slice(0, 5));
  wanted.push(...all.filter(h => data.plans[h].named));
  return [...new Set(wanted)].filter(h => all.includes(h)).slice(0, mostStrips)
    .sort((a, b) => latencyOf(a).ms - latencyOf(b).ms);
}
const quantile = (sorted, q) => {
  const at = (sorted.length - 1) * q, low = Math.floor(at), high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
};

// Where the axis ends: a few rounds that were held up must not squeeze all others.
function limitOf(samples) {
  const [q1, q3] = [.25, .75].map(q => quantile(samples, q));
  return Math.min(samples.at(-1), q3 + 6 * Math.max(q3 - q1, .01 * q3));
}

function drawStrip(svg, hash, axis, left, right, y) {
  const {samples} = latencyOf(hash), plan = data.plans[hash], x = v => place(axis, v, left, right);
  const strip = element(svg, "svg:g"), inside = samples.filter(v => v <= axis.high);
  element(strip, "svg:text", {class: "f-ink", x: left, y: y - 9}, planName(plan));
  element(strip, "svg:path", {class: "line s-grid", d: `M${left} ${y}H${right}`});
  for (const v of inside) element(strip, "svg:circle", {class: "f-" + plan.family, cx: x(v), cy: y, r: 2.5, opacity: .45});
  if (inside.length < samples.length)
    element(strip, "svg:text", {class: "f-soft", x: right, y: y - 9, "text-anchor": "end"},
            `slowest: ${fixed(samples.at(-1), 3)} ms →`);
  const [q1, median, q3] = [.25, .5, .75].map(q => quantile(samples, q));
  element(strip, "svg:rect", {class: "s-ink", x: x(q1), y: y - 6, width: Math.max(1, x(q3) - x(q1)), height: 12, fill: "none"});
  element(strip, "svg:path", {class: "line s-ink", "stroke-width": 2, d: `M${x(median)} ${y - 8}V${y + 8}`});
  element(strip, "svg:title", {}, `${planName(plan)}: median ${fixed(median, 3)} ms, half between ${fixed(q1, 3)} and ` +
    `${fixed(q3, 3)}, all between ${fixed(samples[0], 3)} and ${fixed(samples.at(-1), 3)}`);
}

function drawDistribution() {
  const svg = byId("distribution"), hashes = stripHashes();
  byId("latency-section").hidden = !hashes.length;
  svg.replaceChildren();
  if (!hashes.length) return;
  const width = Math.max(280, Math.round(svg.clientWidth) || 800), left = 12, right = width - 12;
  const height = 34 + 36 * hashes.length + 40;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
  const axis = linearAxis(hashes.flatMap(h => [latencyOf(h).samples[0], limitOf(latencyOf(h).samples)]));
  hashes.forEach((hash, i) => drawStrip(svg, hash, axis, left, right, 30 + 36 * i));
  const bottom = height - 44;
  element(svg, "svg:path", {class: "line s-axis", d: `M${left} ${bottom}H${right}`});
  for (const tick of axis.ticks)
    element(svg, "svg:text", {class: "f-soft", x: place(axis, tick, left, right), y: bottom + 17, "text-anchor": "middle"},
            tick.toFixed(axis.decimals));
  element(svg, "svg:text", {class: "f-soft", x: width / 2, y: bottom + 36, "text-anchor": "middle"}, "time of one pass (ms)");
  byId("latency-note").textContent = `${group().label}: every round's time of FP16, the chosen plan, plans on a front and plans with a name` +
    `${data.most_samples ? ` (of more than ${data.most_samples} rounds, as many quantiles)` : ""}. Box: the middle half; line: median.`;
}
