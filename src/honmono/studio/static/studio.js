// What several tabs use: asking the studio, saying what went wrong, and parts of pages that follow the runs.

const LIVE_MS = 2000;

export const byId = (id) => document.getElementById(id);

// The answer as JSON; an error with the studio's own line, and the form's field that it is about.
export async function ask(address, options = {}) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Error("The studio does not answer: is it still running?");
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw Object.assign(new Error(found.detail || `The studio answered ${answer.status}`), { field: found.field });
  }
  return found;
}

export const post = (address, values = {}) =>
  ask(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(values) });

// Shows an error in the nearest place for one, and marks the field that it is about; null removes both.
export function say(error, within = document) {
  const place = within.querySelector(".error");
  place.textContent = error ? error.message : "";
  place.hidden = !error;
  for (const field of within.querySelectorAll("[name]")) {
    field.toggleAttribute("aria-invalid", Boolean(error && error.field === field.name));
  }
}

// Runs something that a button starts, with the button off meanwhile and errors shown.
export async function during(button, within, work) {
  button.disabled = true;
  try {
    say(null, within);
    await work();
  } catch (error) {
    say(error, within);
  } finally {
    button.disabled = false;
  }
}

// An element with attributes and children.
export function made(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// Calls something now and then every two seconds while the page is visible.
export async function whileVisible(work) {
  for (;;) {
    if (!document.hidden) await work().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, LIVE_MS));
  }
}

// A part of a page that the studio renders: replaced only where it has changed, with its open details left open.
export async function refresh(part) {
  const answer = await fetch(part.dataset.live);
  const text = answer.ok ? await answer.text() : part.dataset.shown;
  if (text === part.dataset.shown) return;
  const open = [...part.querySelectorAll("details")].map((one) => one.open);
  part.dataset.shown = text;
  part.innerHTML = text;
  part.querySelectorAll("details").forEach((one, place) => (one.open = Boolean(open[place])));
}

for (const part of document.querySelectorAll("[data-live]")) whileVisible(() => refresh(part));
