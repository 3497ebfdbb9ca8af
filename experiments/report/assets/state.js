// The data of the page, what is chosen of them, and how elements are made.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);
const families = {fp16: "FP16", hero: "HERO", zeroquant: "ZeroQuant", ptq: "PTQ", other: "other"};
let selected = null;

function element(parent, tag, attributes = {}, text) {
  const node = tag.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4)) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}
const present = x => x !== null && x !== undefined;
const fixed = (x, decimals) => present(x) ? x.toFixed(decimals) : "n/a";
const megabytes = x => present(x) ? (x / 1e6).toFixed(1) : "n/a";
const msDecimals = x => x < 10 ? 3 : x < 100 ? 2 : x < 1000 ? 1 : 0;
const interval = (low, high, decimals) => `[${fixed(low, decimals)}, ${fixed(high, decimals)}]`;
const planName = p => p.display + (p.variant ? ` (${p.variant})` : "") +
  (data.many_seeds ? `, seed ${p.seed}` : "");
const task = () => data.tasks[byId("task").value];
const group = () => data.groups[byId("group").value];
const resultOf = hash => task()?.plans[hash];
const latencyOf = hash => group()?.plans[hash];
// Whether a plan is of the chosen method; FP16 is what all are compared with.
const shown = hash => {
  const method = byId("method").value, plan = data.plans[hash];
  return !method || plan.fp16 || plan.family === method;
};
