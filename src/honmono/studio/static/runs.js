// The list of runs, and the form of a new training, whose command is shown as it is filled in.

import { byId, during, post, say } from "./studio.js";

const form = byId("start");
const values = () => Object.fromEntries(new FormData(form));
let asked = 0;

async function preview() {
  const mine = ++asked;
  try {
    const { command } = await post("/runs/preview", values());
    if (mine !== asked) return;
    byId("command").textContent = command;
    say(null, form);
  } catch (error) {
    if (mine !== asked) return;
    byId("command").textContent = "…";
    say(error, form);
  }
}

let waiting;
form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(preview, 300);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  asked++;
  const button = form.querySelector("button");
  during(button, form, async () => {
    button.textContent = "Starting…";
    try {
      const { run } = await post("/runs/start", values());
      location.href = `/runs/${encodeURIComponent(run)}`;
    } finally {
      button.textContent = "Start";
    }
  });
});
preview();
