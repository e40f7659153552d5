// Samples of one run, drawn again whenever a control changes; kept ones are interpolated or looked up in the data.

import { ask, byId, during, made, post, say } from "./studio.js";
import { steering } from "./steering.js";

const page = byId("explore");
const form = byId("ask");
const kept = byId("kept");
const base = `/explore/${encodeURIComponent(page.dataset.run)}`;
const NUMBERS = new Set(["truncation", "sampler_steps", "guidance"]); // not the seed, which may have more digits
const MOST_KEPT = 8;
const moves = steering(base, form);
let tray = [];
let asked = 0;

document.querySelector("select[name=run]").addEventListener("change", (event) => event.target.form.submit());

// The controls that are filled in, with numbers as texts: the studio says which is none.
function chosen() {
  const filled = [...new FormData(form)].map(([name, text]) => [name, text.trim()]);
  return { ...Object.fromEntries(filled.filter(([name, text]) => text !== "" || name === "seed")), ...moves() };
}

function query(more) {
  const values = Object.entries({ ...chosen(), num: page.dataset.num, ...more });
  return `${base}/samples?${new URLSearchParams(values.flatMap(([name, value]) => [value].flat().map((one) => [name, one])))}`;
}

function picture(source, label) {
  return made("img", { src: source, alt: label });
}

function keep(source, choice, place, label) {
  tray = [...tray, { source, choice, place, label }].slice(-MOST_KEPT);
  show();
}

function show() {
  byId("tray").replaceChildren(
    ...tray.map((one) => made("figure", { class: "kept" }, picture(one.source, one.label), made("figcaption", {}, one.label))),
  );
  byId("none").hidden = tray.length > 0;
  for (const id of ["between", "film"]) byId(id).disabled = tray.length < 2;
  for (const id of ["nearest", "clear"]) byId(id).disabled = tray.length < 1;
}

async function draw() {
  const mine = ++asked;
  const choice = chosen();
  const begun = performance.now();
  try {
    const found = await ask(query({ format: "json" }));
    if (mine !== asked) return;
    say(null);
    const buttons = found.pictures.map((source, place) => {
      const name = found.labels[place];
      const label = `seed ${choice.seed}, number ${place}${name === undefined ? "" : `, class ${name}`}${choice.moves ? ", moved" : ""}`;
      const button = made("button", { type: "button", title: label }, picture(source, label));
      button.addEventListener("click", () => keep(source, choice, place, label));
      return button;
    });
    const classes = form.elements.label && !choice.label ? form.elements.label.options.length - 1 : 0;
    byId("grid").style.setProperty("--columns", classes >= 2 && classes <= 10 ? classes : 8);
    byId("grid").replaceChildren(...buttons);
    byId("took").textContent = `${Math.round(performance.now() - begun)} ms`;
    page.dataset.drawn = String(mine);
  } catch (error) {
    if (mine === asked) say(error);
  }
}

// The numbers of a choice as numbers, for a request in JSON.
function typed(choice) {
  return Object.fromEntries(Object.entries(choice).map(([name, text]) => [name, NUMBERS.has(name) ? Number(text) : text]));
}

function way() {
  const ends = tray.slice(-2);
  const { batch_norm, sampler_steps, solver, guidance } = typed(ends[1].choice);
  return {
    seeds: ends.map((one) => one.choice.seed),
    places: ends.map((one) => one.place),
    labels: ends.map((one) => one.choice.label || ""),
    truncations: ends.map((one) => (one.choice.truncation ? Number(one.choice.truncation) : null)),
    directions: ends.map((one) => one.choice.directions || null),
    moves: ends.map((one) => one.choice.moves || []),
    ...{ batch_norm, sampler_steps, solver, guidance },
  };
}

function strip(pictures, captions, note) {
  byId("strip").replaceChildren(
    ...pictures.map((source, place) =>
      made("figure", {}, picture(source, captions[place] || `frame ${place}`), made("figcaption", {}, captions[place] || "")),
    ),
  );
  byId("note").textContent = note;
}

function save(data, name) {
  const link = made("a", { href: URL.createObjectURL(data), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

let waiting;
form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(draw, 120);
});
form.addEventListener("submit", (event) => event.preventDefault());
byId("next").addEventListener("click", () => {
  form.elements.seed.value = Math.floor(Math.random() * 1e6);
  draw();
});
for (const button of form.querySelectorAll("[data-download]")) {
  const format = button.dataset.download;
  button.addEventListener("click", () =>
    during(button, document, async () => {
      const answer = await fetch(query({ format }));
      if (!answer.ok) throw new Error((await answer.json()).detail);
      save(await answer.blob(), `${page.dataset.run}-${form.elements.seed.value}.${format}`);
    }),
  );
}
byId("between").addEventListener("click", (event) =>
  during(event.target, kept, async () => strip((await post(`${base}/between`, way())).pictures, [], "From one sample to the other.")),
);
byId("film").addEventListener("click", (event) =>
  during(event.target, kept, async () => {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(`${base}/between.gif`, { method: "POST", headers, body: JSON.stringify(way()) });
    if (!answer.ok) throw new Error((await answer.json()).detail);
    save(await answer.blob(), `${page.dataset.run}.gif`);
  }),
);
byId("nearest").addEventListener("click", (event) =>
  during(event.target, kept, async () => {
    const one = tray.at(-1);
    const found = await post(`${base}/nearest`, { ask: typed(one.choice), place: one.place });
    const captions = found.distances.map((distance) => `${distance}`);
    strip([one.source, ...found.pictures], ["sample", ...captions], `Root mean square differences in levels of 255; ${found.searched}.`);
  }),
);
byId("clear").addEventListener("click", () => {
  tray = [];
  strip([], [], "");
  show();
});
draw();
