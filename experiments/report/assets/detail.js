// What is known of the plan that is pointed at, focused or chosen in the table.
function addFacts(list, facts) {
  for (const [key, value] of facts) {
    const pair = element(list, "div");
    element(pair, "dt", {}, key);
    element(pair, "dd", {}, value);
  }
}

function factsOf(hash) {
  const plan = data.plans[hash], result = resultOf(hash), latency = latencyOf(hash), facts = [];
  if (result) {
    facts.push([task().metric, `${fixed(result.value, 4)} ${interval(result.low, result.high, 4)}`],
               ["drift", fixed(result.drift, 4)]);
    if (present(result.flips)) facts.push(["flips", `${result.flips} of ${result.n}`]);
    facts.push(["cosine", fixed(result.cosine, 4)]);
  }
  if (latency) {
    const d = msDecimals(latency.ms);
    facts.push(["time", `${fixed(latency.ms, d)} ms ${interval(latency.low, latency.high, d)}`]);
    if (present(latency.wall)) facts.push(["wall clock", `${fixed(latency.wall, d)} ms`]);
    facts.push(["speed-up", `${fixed(latency.ratio, 2)} ${interval(latency.ratio_low, latency.ratio_high, 2)}`]);
  }
  facts.push(["weights", megabytes(plan.weight_bytes) + " MB"], ["peak memory", megabytes(plan.peak_bytes) + " MB"],
             ["execution", plan.execution]);
  return facts;
}

function showPlan(hash) {
  selected = hash;
  for (const svg of [byId("plot-value"), byId("plot-fidelity")]) {
    for (const mark of svg.querySelectorAll(".p")) mark.classList.toggle("on", mark.dataset.hash === hash);
    const point = (svg.points || []).find(p => p.hash === hash);
    if (svg.whisker) svg.whisker.setAttribute("d", point ? svg.whiskerPath(point) : "");
  }
  for (const row of byId("results").querySelectorAll("tbody tr")) row.classList.toggle("on", row.dataset.hash === hash);
  const box = byId("detail"), plan = data.plans[hash];
  box.replaceChildren();
  if (!plan) {
    element(box, "span", {class: "soft"}, "No plan is chosen.");
    return;
  }
  element(box, "b", {}, planName(plan));
  if (plan.name !== plan.display) element(box, "span", {class: "soft"}, "  " + plan.name);
  addFacts(element(box, "dl"), factsOf(hash));
  addFacts(element(box, "dl", {"aria-label": "Scheme of each module"}), plan.schemes);
}
