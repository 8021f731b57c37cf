// Random words that depend on what they are for (exact/philox.py): names of a stream give a key, and a counter of block,
// sample and step gives four words.

// ---- Philox 4x32 with 7 rounds (Salmon et al. 2011).
const ROUNDS = 7;

// The high word of the product of two words, the second as two halves: partial products that fit into a word.
function highWord(a, low, high) {
  const a0 = a & 0xffff, a1 = a >>> 16;
  const t = (Math.imul(a1, low) + (Math.imul(a0, low) >>> 16)) | 0;
  const u = (Math.imul(a0, high) + (t & 0xffff)) | 0;
  return (Math.imul(a1, high) + (t >>> 16) + (u >>> 16)) | 0;
}

// Row r of `words` [row, sample] is word r % 4 of the counter (r / 4, sample, step, 0), for samples from `first` on.
function drawWords(key, rows, first, samples, step, words) {
  for (let block = 0; 4 * block < rows; block++) {
    for (let s = 0; s < samples; s++) {
      let c0 = block, c1 = (first + s) | 0, c2 = step | 0, c3 = 0;
      let k0 = key[0] | 0, k1 = key[1] | 0;
      for (let round = 0; round < ROUNDS; round++) {
        const high0 = highWord(c0, 0x1f53, 0xd251), low0 = Math.imul(c0, 0xd2511f53);
        const high1 = highWord(c2, 0x8d57, 0xcd9e), low1 = Math.imul(c2, 0xcd9e8d57);
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 = (k0 + 0x9e3779b9) | 0;
        k1 = (k1 + 0xbb67ae85) | 0;
      }
      const at = 4 * block * samples + s;
      words[at] = c0; // rows beyond the last are outside of the array, and typed arrays leave them out
      words[at + samples] = c1;
      words[at + 2 * samples] = c2;
      words[at + 3 * samples] = c3;
    }
  }
}

// The two words of the key of the stream that these names describe.
function streamKey(names) {
  const digest = new DataView(blake2b(new TextEncoder().encode(canonical(names)), 8).buffer);
  return [digest.getUint32(0, true), digest.getUint32(4, true)];
}

// JSON with sorted keys, no spaces, and nothing but ASCII: as Python writes it.
function canonical(value) {
  if (value !== null && typeof value === "object") {
    const entry = (key) => `${canonical(key)}:${canonical(value[key])}`;
    return `{${Object.keys(value).sort().map(entry).join(",")}}`;
  }
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// ---- BLAKE2b (RFC 7693) without a key. Pages that were opened as files may lack the browser's own hashes, which do not
// have this one anyway. It also makes the digests of weights.
const BLAKE_START = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];
const BLAKE_ORDER = [
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
  "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
].map((digits) => Array.from(digits, (digit) => parseInt(digit, 16)));

function blake2b(message, size) {
  const h = BLAKE_START.slice();
  h[0] ^= 0x01010000n ^ BigInt(size);
  const v = new BigUint64Array(16); // which keeps the lower 64 bits of what is put there
  const m = new BigUint64Array(16);
  const turned = (x, bits) => (x >> bits) ^ (x << (64n - bits));
  const mix = (a, b, c, d, x, y) => {
    v[a] = v[a] + v[b] + x;
    v[d] = turned(v[d] ^ v[a], 32n);
    v[c] = v[c] + v[d];
    v[b] = turned(v[b] ^ v[c], 24n);
    v[a] = v[a] + v[b] + y;
    v[d] = turned(v[d] ^ v[a], 16n);
    v[c] = v[c] + v[d];
    v[b] = turned(v[b] ^ v[c], 63n);
  };
  const blocks = Math.max(1, Math.ceil(message.length / 128));
  const padded = new Uint8Array(128 * blocks);
  padded.set(message);
  const bytes = new DataView(padded.buffer);
  for (let block = 0; block < blocks; block++) {
    const last = block === blocks - 1;
    for (let i = 0; i < 16; i++) m[i] = bytes.getBigUint64(128 * block + 8 * i, true);
    for (let i = 0; i < 8; i++) [v[i], v[i + 8]] = [h[i], BLAKE_START[i]];
    v[12] ^= BigInt(last ? message.length : 128 * (block + 1));
    if (last) v[14] = ~v[14];
    for (let round = 0; round < 12; round++) {
      const x = BLAKE_ORDER[round % 10].map((i) => m[i]);
      for (let i = 0; i < 4; i++) mix(i, i + 4, i + 8, i + 12, x[2 * i], x[2 * i + 1]);
      for (let i = 0; i < 4; i++) {
        mix(i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4), x[8 + 2 * i], x[9 + 2 * i]);
      }
    }
    for (let i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
  }
  const found = new DataView(new ArrayBuffer(64));
  h.forEach((word, i) => found.setBigUint64(8 * i, word, true));
  return new Uint8Array(found.buffer.slice(0, size));
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
