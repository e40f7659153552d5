// Points in the plane, step by step.

import { ask, byId, whileVisible } from "./studio.js";
import { film } from "./film.js";

const base = `/points/${encodeURIComponent(byId("points").dataset.run)}`;
const follow = film();

document.querySelector("select[name=run]").addEventListener("change", (event) => event.target.form.submit());
whileVisible(async () => {
  const { steps } = await ask(`${base}/steps`);
  follow(steps.map((step) => [step, `${base}/${step}.png`]));
});
