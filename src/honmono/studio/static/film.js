// A film of pictures that a slider goes through: it grows as a run does, and stays at its end unless it was moved.

import { byId } from "./studio.js";

const FRAME_MS = 250;

// frames: [step, address] of each picture. Returns what is called with all frames whenever there may be more.
export function film() {
  const [slider, picture, play] = [byId("step"), byId("frame"), byId("play")];
  let frames = [];
  let playing = null;

  function show() {
    const frame = frames[slider.value];
    if (!frame) return;
    picture.hidden = false;
    if (picture.getAttribute("src") !== frame[1]) picture.src = frame[1];
    byId("at").textContent = `step ${frame[0].toLocaleString("en")}`;
  }

  // The next picture once this one has come, so that slow ones are not left out.
  function step() {
    if (!playing) return;
    if (picture.complete) {
      slider.value = Number(slider.value) >= Number(slider.max) ? 0 : Number(slider.value) + 1;
      show();
    }
    playing = setTimeout(step, FRAME_MS);
  }

  slider.addEventListener("input", show);
  play.addEventListener("click", () => {
    if (playing) clearTimeout(playing);
    playing = playing ? null : setTimeout(step, 0);
    play.textContent = playing ? "❚❚" : "▶";
  });
  return (found) => {
    const atEnd = slider.value === slider.max;
    const changed = found.length !== frames.length;
    frames = found;
    slider.max = Math.max(0, frames.length - 1);
    if (atEnd && !playing) slider.value = slider.max;
    if (changed) show();
  };
}
