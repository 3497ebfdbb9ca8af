// Fills the page and draws it anew when a choice or the width changes.
function legend() {
  const used = new Set(Object.values(data.plans).map(p => p.family));
  for (const family of Object.keys(families).filter(f => used.has(f))) {
    const item = element(byId("legend"), "span");
    shape(element(item, "svg:svg", {viewBox: "0 0 14 14", "aria-hidden": "true"}), family, 7, 7, 5);
    item.append(families[family]);
    if (family !== "fp16") element(byId("method"), "option", {value: family}, families[family]);
  }
  element(byId("legend"), "span", {}, "Dashed: front (no plan is faster and better)");
}

function drawEnvironment() {
  const facts = {model: `${data.sweep.model} (${data.sweep.shape})`, weights: data.sweep.weights_hash,
                 backend: data.sweep.backend, device: data.sweep.device, begun: data.sweep.started_at};
  const flatten = (value, path) => {
    if (value !== null && typeof value === "object" && !Array.isArray(value))
      for (const [key, inner] of Object.entries(value)) flatten(inner, path ? `${path}.${key}` : key);
    else facts[path] = Array.isArray(value) ? value.join(", ") : String(value);
  };
  flatten(data.environment, "");
  for (const [key, value] of Object.entries(facts)) {
    element(byId("environment"), "dt", {}, key);
    element(byId("environment"), "dd", {}, value);
  }
}

function draw() {
  const hasLatency = Boolean(task()) && data.groups.some(g => Object.keys(g.plans).length);
  byId("plot-section").hidden = !hasLatency;
  byId("group-label").hidden = !data.groups.length;
  if (hasLatency) {
    byId("cap-value").textContent = `${task().metric} over time (higher is better)`;
    byId("cap-fidelity").textContent = "drift from FP16 over time (lower is better; square-root scale)";
    drawPlot(byId("plot-value"), "value", linearAxis);
    drawPlot(byId("plot-fidelity"), "drift", squareRootAxis);
  }
  drawResults();
  drawDistribution();
  showPlan(selected);
}

function fillPage() {
  byId("title").textContent = data.sweep.caption || data.sweep.name;
  byId("subtitle").textContent = `${data.sweep.model} · ${data.sweep.backend} · ${data.sweep.device} · ` +
    `${data.sweep.done} of ${data.sweep.total} trials · ${data.sweep.started_at.slice(0, 10)}`;
  for (const warning of data.warnings) element(byId("warnings").querySelector("ul"), "li", {}, warning);
  byId("warnings").hidden = !data.warnings.length;
  for (const note of data.notes) element(byId("notes"), "li", {}, note);
  byId("config").textContent = data.sweep.config;
  data.tasks.forEach((t, i) => element(byId("task"), "option", {value: i}, t.name));
  data.groups.forEach((g, i) => element(byId("group"), "option", {value: i}, g.label));
  element(byId("method"), "option", {value: ""}, "all");
  legend();
  drawFailures();
  drawEnvironment();
}

fillPage();
for (const id of ["task", "group", "method"]) byId(id).onchange = draw;
byId("find").oninput = drawResults;
for (const id of ["plot-value", "plot-fidelity"]) listenToPlot(byId(id));
// What is chosen has a strip of its own among the distributions, but not while the pointer passes by.
for (const id of ["plot-value", "plot-fidelity", "results"]) byId(id).addEventListener("click", drawDistribution);
let drawnWidth = 0;
new ResizeObserver(() => {
  const width = document.querySelector("main").clientWidth;
  if (width !== drawnWidth) { drawnWidth = width; draw(); }
}).observe(document.querySelector("main"));
