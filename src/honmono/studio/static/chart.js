// A chart of lines as an SVG: axes with round numbers, a legend, and the values under the pointer.

import { made } from "./studio.js";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [420, 210, 46, 8, 8, 24];
// Okabe & Ito's colours, as in the figures of honmono plot.
const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];

function drawn(name, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

// Three to six round numbers from low to high.
function ticks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) found.push(tick);
  return found;
}

function short(value) {
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-3)) return Number(value.toPrecision(3)).toExponential().replace("e+", "e");
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(4))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(4))}k`;
  return String(Number(value.toPrecision(4)));
}

function legend(lines) {
  const key = made("p", { class: "key" });
  lines.forEach((line, place) => {
    if (!line.name) return;
    const swatch = made("span", { class: "swatch" });
    swatch.style.background = COLOURS[place % COLOURS.length];
    key.append(made("span", {}, swatch, line.name));
  });
  return key;
}

export function chart(panel) {
  const ys = panel.lines.flatMap((line) => line.y).filter((y) => y !== null);
  const last = Math.max(1, ...panel.lines.flatMap((line) => line.x));
  let [low, high] = ys.length ? [Math.min(...ys), Math.max(...ys)] : [0, 1];
  if (high - low < 1e-9 * Math.abs(high)) [low, high] = [Math.min(0, 2 * low), Math.max(0, 2 * high)];
  if (low === high) [low, high] = [-1, 1];
  const margin = (high - low) * 0.05;
  [low, high] = [low - margin, high + margin];
  const x = (value) => LEFT + (value / last) * (WIDTH - LEFT - RIGHT);
  const y = (value) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);

  const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${panel.title} over images seen` });
  for (const tick of ticks(low, high)) {
    svg.append(drawn("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }));
    svg.append(drawn("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, short(tick)));
  }
  for (const tick of ticks(0, last)) {
    svg.append(drawn("text", { x: x(tick), y: HEIGHT - 6, "text-anchor": "middle" }, short(tick)));
  }
  panel.lines.forEach((line, place) => {
    let pen = "M";
    let path = "";
    line.y.forEach((value, index) => {
      if (value !== null) path += `${pen}${x(line.x[index]).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = value === null ? "M" : "L";
    });
    svg.append(drawn("path", { d: path, stroke: COLOURS[place % COLOURS.length], class: "line" }));
    if (line.y.length === 1 && line.y[0] !== null) {
      svg.append(drawn("circle", { cx: x(line.x[0]), cy: y(line.y[0]), r: 3, fill: COLOURS[place % COLOURS.length] }));
    }
  });
  const newest = panel.lines.map((line) => line.y.at(-1)).filter((value) => value !== null && value !== undefined);
  const value = newest.length === 1 ? short(newest[0]) : "";
  const title = made("figcaption", {}, panel.title, made("span", { class: "quiet" }, value && ` ${value}`));
  return made("figure", { class: "chart" }, title, svg, legend(panel.lines));
}
