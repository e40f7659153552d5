// A training that is starting: its page becomes the run's page once there is one.

import { ask, byId, during, post, whileVisible } from "./studio.js";

const live = byId("live");
const address = live.dataset.live.replace(/live$/, "curves");
live.addEventListener("click", (event) => {
  if (event.target.id === "stop") during(event.target, live, () => post(live.dataset.live.replace(/live$/, "stop")));
});
whileVisible(async () => {
  await ask(address);
  location.reload();
});
