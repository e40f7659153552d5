// Runs beside each other: the samples of one seed, of every run.

import { byId, say } from "./studio.js";

const form = byId("ask");

async function draw() {
  const seed = form.elements.seed.value.trim();
  say(null);
  for (const picture of document.querySelectorAll("#sides img[data-run]")) {
    const address = `/explore/${encodeURIComponent(picture.dataset.run)}/samples?${new URLSearchParams({ seed, num: 64 })}`;
    const answer = await fetch(address);
    if (answer.ok) {
      URL.revokeObjectURL(picture.src);
      picture.src = URL.createObjectURL(await answer.blob());
      picture.dataset.seed = seed;
    } else {
      const { detail, field } = await answer.json();
      say(Object.assign(new Error(`${picture.dataset.run}: ${detail}`), { field }));
    }
  }
}

if (form) {
  let waiting;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(draw, 200);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("next").addEventListener("click", () => {
    form.elements.seed.value = Math.floor(Math.random() * 1e6);
    draw();
  });
  draw();
}
