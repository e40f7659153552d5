// The draws of NumPy's generators, in float32, and what honmono makes of them: latents and the ways between them.

// Marsaglia and Tsang's ziggurat (2000) of 256 layers of equal area. `edge`: where its tail begins.
const ZIGGURAT = (() => {
  const edge = 3.6541528853610088;
  const area = 0.00492867323397465524; // of a layer
  const height = (x) => Math.exp(-0.5 * x * x);
  const scale = 2 ** 23;
  const [inside, width, top] = [new Float64Array(256), new Float32Array(256), new Float32Array(256)];
  inside[0] = Math.floor(((edge * height(edge)) / area) * scale);
  width[0] = area / height(edge) / scale;
  width[255] = edge / scale;
  [top[0], top[255]] = [1, height(edge)];
  for (let layer = 254, x = edge; layer > 0; layer--) {
    const next = Math.sqrt(-2 * Math.log(area / x + height(x)));
    inside[layer + 1] = Math.floor((next / x) * scale);
    [width[layer], top[layer], x] = [next / scale, height(next), next];
  }
  return { edge: Math.fround(edge), inside, width, top };
})();

// `count` draws of N(0, 1).
function normals(stream, count) {
  return Float32Array.from({ length: count }, () => normal(stream));
}

function normal(stream) {
  const { inside, width, top } = ZIGGURAT;
  for (;;) {
    const bits = stream.nextHalf();
    const layer = bits & 0xff;
    const distance = bits >>> 9;
    const x = Math.fround((bits & 0x100 ? -distance : distance) * width[layer]);
    if (distance < inside[layer]) return x;
    if (layer === 0) return tail(stream, distance & 0x100);
    const step = Math.fround(Math.fround(top[layer - 1] - top[layer]) * stream.nextFloat());
    if (Math.fround(step + top[layer]) < Math.exp(-0.5 * x * x)) return x;
  }
}

function tail(stream, negative) {
  for (;;) {
    const beyond = Math.fround(-Math.fround(Math.log1p(-stream.nextFloat())) * Math.fround(1 / ZIGGURAT.edge));
    const other = -Math.fround(Math.log1p(-stream.nextFloat()));
    if (other + other > Math.fround(beyond * beyond)) {
      return Math.fround(negative ? -(ZIGGURAT.edge + beyond) : ZIGGURAT.edge + beyond);
    }
  }
}

// `count` draws of U(low, high).
function uniforms(stream, count, low, high) {
  return Float32Array.from({ length: count }, () => low + (high - low) * stream.nextDouble());
}

// The latents of `honmono sample`: those of the chunk of this number, one after the other; `truncation`: null for none.
function chunkOfLatents(about, seed, number, truncation) {
  const stream = new Stream(seed, "sample", number);
  const count = about.chunk * about.latentShape.reduce((product, size) => product * size, 1);
  if (about.latent === "Uniform") return uniforms(stream, count, about.low, about.high);
  const z = normals(stream, count);
  for (let beyond; truncation !== null; ) {
    beyond = [...z.keys()].filter((place) => Math.abs(z[place]) > truncation);
    if (!beyond.length) break;
    const again = normals(stream, beyond.length);
    beyond.forEach((place, turn) => (z[place] = again[turn]));
  }
  return z;
}

// From latents `here` to `there`, each of `dim` numbers: on an arc where they are normal (arXiv:1609.04468), else straight.
function between(here, there, share, dim, straight) {
  const way = new Float32Array(here.length);
  for (let row = 0; row < here.length; row += dim) {
    let [dot, first, second] = [0, 0, 0];
    for (let place = row; place < row + dim; place++) {
      dot += here[place] * there[place];
      first += here[place] ** 2;
      second += there[place] ** 2;
    }
    const angle = Math.acos(Math.min(1, Math.max(-1, dot / Math.sqrt(first * second))));
    const arc = !straight && Math.sin(angle) >= 1e-3;
    const [from, to] = arc
      ? [Math.sin((1 - share) * angle) / Math.sin(angle), Math.sin(share * angle) / Math.sin(angle)]
      : [1 - share, share];
    for (let place = row; place < row + dim; place++) way[place] = from * here[place] + to * there[place];
  }
  return way;
}
