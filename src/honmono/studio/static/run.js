// One run: its film, which grows, its curves, and the buttons that stop and resume it.

import { ask, byId, during, post, refresh, whileVisible } from "./studio.js";
import { chart } from "./chart.js";
import { film } from "./film.js";

const page = byId("run");
const base = `/runs/${encodeURIComponent(page.dataset.run)}`;
const follow = film();
let drawn = "";

async function look() {
  const found = await ask(`${base}/curves`);
  follow(found.pictures.map((name) => [parseInt(name, 10), `${base}/samples/${name}`]));
  const trains = found.state === "training";
  byId("stop").hidden = !trains;
  byId("resume").hidden = trains;
  const text = JSON.stringify(found.panels);
  if (text !== drawn && found.panels.length) byId("curves").replaceChildren(...found.panels.map(chart));
  drawn = text;
}

byId("stop").addEventListener("click", (event) => during(event.target, page, () => post(`${base}/stop`)));
byId("resume").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = event.target.elements.steps.value.trim();
  during(event.submitter, page, async () => {
    if (text && !/^[0-9]+$/.test(text)) {
      throw Object.assign(new Error("up to step: give a whole number"), { field: "steps" });
    }
    await post(`${base}/resume`, text ? { steps: Number(text) } : {});
    await Promise.all([look(), refresh(byId("live"))]);
  });
});
whileVisible(look);
