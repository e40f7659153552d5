// Data: folders and archives are uploaded with their progress shown, and checked; a button leads to a training on them.

import { byId, during, post, say } from "./studio.js";
import { filesIn, zipped } from "./archive.js";

const [check, upload, drop] = [byId("check"), byId("upload"), byId("drop")];
const most = Number(upload.dataset.most);

async function report() {
  const source = check.elements.source.value.trim() || "digits";
  const text = check.elements.size.value.trim();
  if (text && !/^[0-9]+$/.test(text)) throw Object.assign(new Error("size: give a number of pixels"), { field: "size" });
  byId("report").hidden = true;
  const found = await post("/data/check", { source, ...(text ? { size: Number(text) } : {}) });
  byId("lines").textContent = found.lines.join("\n");
  byId("train").textContent = `Train ${found.recipe} on it`;
  byId("train").href = `/runs?${new URLSearchParams({ data: found.source })}#new`;
  byId("report").hidden = false;
}

const checked = () => during(check.querySelector("button"), check, report);

// XMLHttpRequest: fetch does not say how much it has sent.
function sent(file) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const progress = byId("progress");
    progress.hidden = false;
    request.upload.onprogress = (event) => (progress.value = event.loaded / Math.max(event.total, 1));
    request.onloadend = () => {
      progress.hidden = true;
      const found = request.responseText ? JSON.parse(request.responseText) : { detail: "the upload was cut off" };
      if (request.status === 200) resolve(found.source);
      else reject(Object.assign(new Error(found.detail), { field: "file" }));
    };
    request.open("POST", `/data/upload?${new URLSearchParams({ name: file.name })}`);
    request.send(file);
  });
}

// Uploads a file, or what a function makes of a folder.
async function take(given) {
  if (!given) return;
  say(null, upload);
  try {
    const file = given instanceof File ? given : await given();
    if (file.size > most) throw Object.assign(new Error(`${file.name} is larger than ${most} bytes`), { field: "file" });
    check.elements.source.value = await sent(file);
    await checked();
  } catch (error) {
    say(error, upload);
  }
}

function dropped({ items, files }) {
  const entry = items[0]?.webkitGetAsEntry();
  take(entry?.isDirectory ? async () => zipped(entry.name, await filesIn(entry), most) : files[0]);
}

upload.elements.file.addEventListener("change", (event) => take(event.target.files[0]));
upload.elements.folder.addEventListener("change", (event) => {
  const paths = [...event.target.files].map((file) => [file.webkitRelativePath.split("/"), file]);
  if (!paths.length) return;
  take(() => zipped(paths[0][0][0], paths.map(([[, ...path], file]) => [path.join("/"), file]), most));
});
for (const name of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", name === "dragover");
    if (name === "drop") dropped(event.dataTransfer);
  });
}
check.addEventListener("submit", (event) => {
  event.preventDefault();
  checked();
});
for (const button of document.querySelectorAll("#entries [data-source]")) {
  button.addEventListener("click", () => {
    check.elements.source.value = button.dataset.source;
    checked();
  });
}
