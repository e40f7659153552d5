// The generator: one ONNX file, run by onnxruntime-web on one thread. Samples as `honmono sample` draws them.

const about = JSON.parse(document.getElementById("about").textContent);
const GAP = 2; // pixels between the pictures and around them
const LEAST_WIDTH = 512; // of a grid; narrower ones are enlarged

// What the page carries under this name: gzip as base64.
async function carried(name) {
  const element = document.getElementById(name);
  const bytes = Uint8Array.from(atob(element.textContent), (letter) => letter.charCodeAt(0));
  element.remove();
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

async function openGenerator() {
  const code = new Blob([await carried("runtime")], { type: "text/javascript" });
  const ort = await import(URL.createObjectURL(code));
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = await carried("wasm");
  const session = await ort.InferenceSession.create(await carried("model"), { executionProviders: ["wasm"] });
  return { ort, session };
}

// The first `wanted.count` samples, in float32, one after the other.
async function samples({ ort, session }, wanted) {
  const dim = product(about.latentShape);
  const drawn = new Float32Array(wanted.count * product(about.shape));
  for (let number = 0; number * about.chunk < wanted.count; number++) {
    const first = number * about.chunk;
    const left = Math.min(wanted.count - first, about.chunk);
    const rows = about.batchNorm === "batch" ? about.chunk : left; // there each sample depends on its whole batch
    const latent = latentsOf(wanted, number, dim).slice(0, rows * dim);
    const inputs = { latent: new ort.Tensor("float32", latent, [rows, ...about.latentShape]) };
    if (about.classes.length) {
      const label = (row) => wanted.label ?? (first + row) % about.classes.length;
      const labels = BigInt64Array.from({ length: rows }, (_, row) => BigInt(label(row)));
      inputs.label = new ort.Tensor("int64", labels, [rows]);
    }
    if (about.noises) {
      const noise = noiseOf(wanted.seed, number, rows, dim);
      inputs.noise = new ort.Tensor("float32", noise, [rows, about.noises, ...about.latentShape]);
    }
    if (about.styles) {
      const psi = new Float32Array(rows).fill(wanted.truncation ?? 1);
      inputs.truncation = new ort.Tensor("float32", psi, [rows]);
    }
    const made = (await session.run(inputs)).samples.data;
    drawn.set(made.subarray(0, left * product(about.shape)), first * product(about.shape));
  }
  return drawn;
}

function latentsOf(wanted, number, dim) {
  const largest = about.styles ? null : wanted.truncation;
  const here = chunkOfLatents(about, wanted.seed, number, largest);
  if (wanted.share === 0) return here;
  const there = chunkOfLatents(about, wanted.next, number, largest);
  return between(here, there, wanted.share, dim, about.latent === "Uniform");
}

// The noise that a sampler's steps add: (rows, steps, *sample).
function noiseOf(seed, number, rows, dim) {
  const noise = new Float32Array(rows * about.noises * dim);
  for (let step = 0; step < about.noises; step++) {
    const drawn = normals(new Stream(seed, "sampler", number, step), rows * dim);
    for (let row = 0; row < rows; row++) {
      noise.set(drawn.subarray(row * dim, (row + 1) * dim), (row * about.noises + step) * dim);
    }
  }
  return noise;
}

// A grid like that of `honmono sample`, pixel by pixel.
function show(canvas, values, count, oneClass) {
  const [channels, height, width] = about.shape;
  const classes = about.classes.length;
  const columns = classes >= 2 && classes <= 16 && !oneClass ? classes : Math.min(8, count);
  const factor = Math.max(1, Math.ceil((LEAST_WIDTH - GAP * (columns + 1)) / (columns * width)));
  canvas.width = GAP + columns * (width * factor + GAP);
  canvas.height = GAP + Math.ceil(count / columns) * (height * factor + GAP);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  if (channels < 4) {
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  const one = new OffscreenCanvas(width, height);
  const area = height * width;
  for (let index = 0; index < count; index++) {
    const picture = values.subarray(index * channels * area, (index + 1) * channels * area);
    one.getContext("2d").putImageData(pixels(picture, channels, height, width), 0, 0);
    const left = GAP + (index % columns) * (width * factor + GAP);
    const top = GAP + Math.floor(index / columns) * (height * factor + GAP);
    context.drawImage(one, left, top, width * factor, height * factor);
  }
}

function pixels(picture, channels, height, width) {
  const [low, high] = about.range;
  const image = new ImageData(width, height); // its array rounds and clips; NaN becomes 0
  for (let place = 0; place < height * width; place++) {
    for (let colour = 0; colour < 4; colour++) {
      const plane = channels === 1 ? 0 : colour;
      const value = colour < Math.max(channels, 3) ? picture[plane * height * width + place] : high;
      image.data[place * 4 + colour] = (value - low) * (255 / (high - low));
    }
  }
  return image;
}

function product(sizes) {
  return sizes.reduce((all, size) => all * size, 1);
}
