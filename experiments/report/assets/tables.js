// Tables that sort: a column has a title, a value to sort by, and what it shows.
const mostRows = 500;  // a table that is drawn anew at every key
const sorting = {column: "plan", descending: false};
const maxMs = () => Math.max(0, ...Object.values(group()?.plans ?? {}).map(l => l.ms));

function resultColumns() {
  const d = msDecimals(maxMs()), plan = h => data.plans[h];
  const text = (title, get, show = get) => ({title, text: true, get, show});
  const number = (title, get, show, ci) =>
    ({title, get, show: h => present(get(h)) ? show(get(h), h) : "n/a", ci: h => present(get(h)) && ci?.(h)});
  const resultInterval = h => interval(resultOf(h).low, resultOf(h).high, 4);
  const timeInterval = h => interval(latencyOf(h).low, latencyOf(h).high, d);
  const ratioInterval = h => interval(latencyOf(h).ratio_low, latencyOf(h).ratio_high, 2);
  return [
    text("plan", h => plan(h).position, h => plan(h).display),
    ...Object.values(data.plans).some(p => p.variant) ? [text("variant", h => plan(h).variant)] : [],
    ...data.many_seeds ? [number("seed", h => plan(h).seed, v => String(v))] : [],
    ...task() ? [
      number(task().metric, h => resultOf(h)?.value, v => v.toFixed(4), resultInterval),
      number("flips", h => resultOf(h)?.flips, v => String(v)),
      number("drift", h => resultOf(h)?.drift, v => v.toFixed(4)),
      number("cosine", h => resultOf(h)?.cosine, v => v.toFixed(4)),
    ] : [],
    ...group() ? [
      number("time (ms)", h => latencyOf(h)?.ms, v => v.toFixed(d), timeInterval),
      number("p90 (ms)", h => latencyOf(h)?.p90, v => v.toFixed(d)),
      number("speed-up", h => latencyOf(h)?.ratio, v => v.toFixed(2), ratioInterval),
      number("rounds", h => latencyOf(h)?.n, v => String(v)),
    ] : [],
    number("weights (MB)", h => plan(h).weight_bytes, megabytes),
    number("peak (MB)", h => plan(h).peak_bytes, megabytes),
    text("execution", h => plan(h).execution),
  ];
}

// Missing values stay at the end whichever way a column is sorted.
function sorted(hashes, by) {
  return hashes.sort((a, b) => {
    const x = by.get(a), y = by.get(b);
    if (!present(x) || !present(y)) return present(y) - present(x);
    const order = typeof x === "string" ? x.localeCompare(y) : x - y;
    return sorting.descending ? -order : order;
  });
}

function drawHead(table, columns, by) {
  const head = element(element(table, "thead"), "tr");
  for (const c of columns) {
    const cell = element(head, "th", {scope: "col", class: c.text ? "t" : ""});
    if (c === by) cell.setAttribute("aria-sort", sorting.descending ? "descending" : "ascending");
    element(cell, "button", {type: "button"}, c.title).onclick = () => {
      sorting.descending = sorting.column === c.title ? !sorting.descending : false;
      sorting.column = c.title;
      drawResults();
      // The button was drawn anew; whoever pressed it goes on from there.
      [...table.querySelectorAll("th button")].find(b => b.textContent === c.title)?.focus();
    };
  }
}

function drawResults() {
  const columns = resultColumns(), table = byId("results");
  const by = columns.find(c => c.title === sorting.column) ?? columns[0];
  const wanted = byId("find").value.trim().toLowerCase();
  const hashes = Object.keys(data.plans).filter(h => {
    const p = data.plans[h];
    return shown(h) && (!wanted || [p.name, p.display, p.variant].some(t => t.toLowerCase().includes(wanted)));
  });
  table.replaceChildren();
  drawHead(table, columns, by);
  const body = element(table, "tbody");
  const rows = sorted(hashes, by);
  byId("results-count").textContent = rows.length > mostRows ? `the first ${mostRows} of ${rows.length}` : "";
  for (const hash of rows.slice(0, mostRows)) {
    const row = element(body, "tr", {class: data.plans[hash].fp16 ? "fp16row" : "", "data-hash": hash});
    row.onclick = () => showPlan(hash);
    columns.forEach((c, i) => {
      const cell = i ? element(row, "td", {class: c.text ? "t" : ""}, c.show(hash)) : element(row, "th", {scope: "row"});
      if (!i) element(cell, "button", {type: "button"}, c.show(hash));
      const ci = c.ci?.(hash);
      if (ci) element(cell, "span", {class: "ci"}, ci);
    });
  }
}

function drawFailures() {
  if (!data.failures.length) return;
  byId("failure-section").hidden = false;
  const keys = ["plan", "variant", "where", "kind", "message"];
  const head = element(element(byId("failures"), "thead"), "tr");
  for (const key of keys) element(head, "th", {class: "t", scope: "col"}, key);
  const body = element(byId("failures"), "tbody");
  for (const failure of data.failures) {
    const row = element(body, "tr");
    for (const key of keys) element(row, key === "plan" ? "th" : "td", key === "plan" ? {scope: "row"} : {class: "t"}, failure[key]);
  }
}
