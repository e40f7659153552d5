// The fold of directions: the studio finds them when it opens, and each slider moves all samples along one.

import { ask, byId, say } from "./studio.js";

const FINDING = { sefa: "Finding the directions…", pca: "Finding the directions: PCA of features may take some seconds…" };

// Returns what gives the directions and moves of a request: nothing where no slider was moved, or where there is none.
export function steering(base, form) {
  const fold = byId("steer");
  if (!fold) return () => ({});
  const method = fold.querySelector("select");
  const sliders = [...fold.querySelectorAll("input")];
  const values = () => sliders.map((one) => Number(one.value));
  let found = "";

  function show() {
    for (const one of sliders) one.nextElementSibling.value = one.value;
    const moved = values().some(Boolean);
    byId("moved").textContent = moved ? "(moved)" : "";
    byId("unmoved").disabled = !moved;
  }

  function reset() {
    for (const one of sliders) one.value = 0;
    show();
    form.dispatchEvent(new Event("input"));
  }

  async function find() {
    const chosen = method.value;
    if (chosen === found) return;
    found = chosen;
    for (const one of sliders) one.disabled = true;
    byId("finding").textContent = FINDING[chosen];
    byId("finding").hidden = false;
    say(null, fold);
    try {
      const { strengths } = await ask(`${base}/directions?${new URLSearchParams({ method: chosen })}`);
      if (chosen !== found) return;
      strengths.forEach((strength, place) => {
        sliders[place].disabled = false;
        sliders[place].title = `strength ${strength.toPrecision(3)}`;
      });
    } catch (error) {
      if (chosen !== found) return;
      found = "";
      say(error, fold);
    }
    byId("finding").hidden = true;
  }

  fold.addEventListener("toggle", () => fold.open && find());
  fold.addEventListener("input", show);
  method.addEventListener("change", () => {
    reset();
    find();
  });
  byId("unmoved").addEventListener("click", reset);
  return () => (values().some(Boolean) ? { directions: method.value, moves: values() } : {});
}
