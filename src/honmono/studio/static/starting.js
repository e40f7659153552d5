// A training that is starting: its page becomes the run's page once there is one.

import { ask, byId, whileVisible } from "./studio.js";

const address = byId("live").dataset.live.replace(/live$/, "curves");
whileVisible(async () => {
  await ask(address);
  location.reload();
});
