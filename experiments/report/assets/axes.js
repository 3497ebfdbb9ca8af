// Axes: round ticks; a square-root scale where values crowd near zero.
function roundStep(smallest) {
  const power = 10 ** Math.floor(Math.log10(smallest));
  return [1, 2, 5, 10].find(f => f * power >= smallest * (1 - 1e-9)) * power;
}
const decimalsOf = step => Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
function linearAxis(values) {
  const low = Math.min(...values), high = Math.max(...values);
  const spread = high > low ? high - low : Math.max(Math.abs(low) * .1, 1e-3);
  const axis = {low: low - .06 * spread, high: high + .06 * spread, scale: v => v, ticks: []};
  const step = roundStep((axis.high - axis.low) / 6);
  for (let k = Math.ceil(axis.low / step); k * step <= axis.high; ++k) axis.ticks.push(k * step);
  axis.decimals = decimalsOf(step);
  return axis;
}
function squareRootAxis(values) {
  const high = Math.max(...values, 1e-6) * 1.12;
  const axis = {low: 0, high, scale: v => Math.sqrt(Math.max(v, 0)), ticks: [0]};
  for (let i = 1; i < 6; ++i) {
    const tick = roundStep(high * i * i / 36);
    if (tick > axis.ticks.at(-1) && tick <= high) axis.ticks.push(tick);
  }
  axis.decimals = axis.ticks.length > 1 ? decimalsOf(axis.ticks[1]) : 3;
  return axis;
}
const place = (axis, v, from, to) =>
  from + (axis.scale(v) - axis.scale(axis.low)) / (axis.scale(axis.high) - axis.scale(axis.low)) * (to - from);
