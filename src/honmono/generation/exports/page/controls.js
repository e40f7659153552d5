// What the visitor chooses, and when pictures are drawn.

const by = (id) => document.getElementById(id);
const fields = ["seed", "class", "truncation", "count", "next", "share"];
let generator = null;
let drawing = false;
let changed = false;
let playing = false;

function fill(select, options, chosen) {
  for (const [value, text] of options) select.append(new Option(text, value, false, value === chosen));
}

// Reads the fields. Throws what is wrong with them.
function wanted() {
  const truncation = by("truncation").value.trim();
  if (truncation && !(Number(truncation) >= about.leastTruncation)) {
    const usual = about.styles ? "0.5 to 1" : "0.5 to 2";
    throw new Error(`Truncation: give a number from ${about.leastTruncation} on (${usual} is usual), or nothing`);
  }
  return {
    seed: integer("seed", "Seed"),
    next: integer("next", "Next seed"),
    label: by("class").value === "" ? null : Number(by("class").value),
    truncation: truncation ? Number(truncation) : null,
    count: Number(by("count").value),
    share: Number(by("share").value),
  };
}

function integer(id, name) {
  const text = by(id).value.trim();
  if (!/^-?\d{1,80}$/.test(text)) throw new Error(`${name}: give a whole number of at most 80 digits`);
  return String(BigInt(text));
}

// Draws until what is shown is what the fields say.
async function draw() {
  changed = true;
  if (drawing || !generator) return;
  drawing = true;
  try {
    while (changed) {
      changed = false;
      const now = wanted();
      const begin = performance.now();
      const values = await samples(generator, now);
      show(by("pictures"), values, now.count, now.label !== null);
      const seconds = ((performance.now() - begin) / 1000).toFixed(2);
      const way = now.share > 0 ? `, ${Math.round(now.share * 100)} % of the way to seed ${now.next}` : "";
      by("status").textContent = `Pictures: ${now.count}, seed ${now.seed}${way}, ${seconds} s`;
    }
  } catch (error) {
    stop();
    by("status").textContent = error.message;
  } finally {
    drawing = false;
  }
}

// A film from seed to next seed, and on to the one after it.
async function play() {
  playing = !playing;
  by("play").textContent = playing ? "Stop" : "Play";
  while (playing) {
    const share = Number(by("share").value) + 0.02;
    by("share").value = share < 1 ? share : 0;
    if (share >= 1) {
      by("seed").value = by("next").value;
      by("next").value = String(BigInt(by("next").value) + 1n);
    }
    await draw();
    await new Promise(requestAnimationFrame);
  }
}

function stop() {
  playing = false;
  by("play").textContent = "Play";
}

function save() {
  by("pictures").toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${about.recipe}-${by("seed").value}.png`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}

fill(by("class"), [["", "all in turn"], ...about.classes.map((name, number) => [String(number), name])], "");
fill(by("count"), [1, 4, 16, 64].map((count) => [String(count), String(count)]), String(about.count));
by("of-class").hidden = !about.classes.length;
by("of-truncation").hidden = about.latent !== "Normal" && !about.styles;
for (const id of fields) by(id).addEventListener("input", draw);
by("controls").addEventListener("submit", (event) => event.preventDefault());
by("play").addEventListener("click", play);
by("save").addEventListener("click", save);
openGenerator().then(
  (opened) => {
    generator = opened;
    draw();
  },
  (error) => (by("status").textContent = `The generator could not be opened: ${error.message}`),
);
