// Stateless randomness, the same numbers as honmono/randomness.py gives: a function of seed, purpose and clock.

const WORD = (1n << 64n) - 1n;

const BLAKE2B_START = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];
const BLAKE2B_ORDERS = [
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
  "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
];
const BLAKE2B_MIXED = [
  [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
  [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
];

// The first two words of the BLAKE2b hash of 16 bytes (RFC 7693) of a text of at most 128 bytes.
function hashOfText(text) {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > 128) throw new Error("the seed has too many digits");
  const block = new Uint8Array(128);
  block.set(bytes);
  const message = [...new BigUint64Array(block.buffer)];
  const hash = [...BLAKE2B_START];
  hash[0] ^= 0x01010000n ^ 16n;
  const v = [...hash, ...BLAKE2B_START];
  v[12] ^= BigInt(bytes.length);
  v[14] ^= WORD; // the last block
  const turn = (word, by) => (word >> by) | ((word << (64n - by)) & WORD);
  for (let round = 0; round < 12; round++) {
    const order = [...BLAKE2B_ORDERS[round % 10]].map((digit) => parseInt(digit, 16));
    BLAKE2B_MIXED.forEach(([a, b, c, d], place) => {
      v[a] = (v[a] + v[b] + message[order[2 * place]]) & WORD;
      v[d] = turn(v[d] ^ v[a], 32n);
      v[c] = (v[c] + v[d]) & WORD;
      v[b] = turn(v[b] ^ v[c], 24n);
      v[a] = (v[a] + v[b] + message[order[2 * place + 1]]) & WORD;
      v[d] = turn(v[d] ^ v[a], 16n);
      v[c] = (v[c] + v[d]) & WORD;
      v[b] = turn(v[b] ^ v[c], 63n);
    });
  }
  return [0, 1].map((place) => hash[place] ^ v[place] ^ v[place + 8]);
}

// Philox 4x64-10 (Salmon et al., 2011), as NumPy draws from it.
class Stream {
  constructor(seed, purpose, ...clock) {
    this.key = hashOfText(`${seed}:${purpose}`);
    this.counter = [0n, ...[0, 1, 2].map((place) => BigInt(clock[place] ?? 0))];
    this.words = []; // drawn and not yet used
    this.half = null; // the upper half of a word whose lower half was used
  }

  nextWord() {
    if (!this.words.length) {
      this.counter[0] += 1n;
      this.words = this.block();
    }
    return this.words.shift();
  }

  block() {
    let [a, b, c, d] = this.counter;
    let [first, second] = this.key;
    for (let round = 0; round < 10; round++) {
      const left = a * 0xd2e7470ee14c6c93n;
      const right = c * 0xca5a826395121157n;
      [a, b, c, d] = [(right >> 64n) ^ b ^ first, right & WORD, (left >> 64n) ^ d ^ second, left & WORD];
      first = (first + 0x9e3779b97f4a7c15n) & WORD;
      second = (second + 0xbb67ae8584caa73bn) & WORD;
    }
    return [a, b, c, d];
  }

  // 32 bits: the lower half of a word, then its upper half.
  nextHalf() {
    if (this.half !== null) {
      const upper = this.half;
      this.half = null;
      return upper;
    }
    const word = this.nextWord();
    this.half = Number(word >> 32n);
    return Number(word & 0xffffffffn);
  }

  // U(0, 1) of 24 bits, and of 53 bits.
  nextFloat() {
    return (this.nextHalf() >>> 8) / 2 ** 24;
  }
  nextDouble() {
    return Number(this.nextWord() >> 11n) / 2 ** 53;
  }
}
