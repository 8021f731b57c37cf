// The operations that training consists of, with the bits that superposition/exact gives them.
//
// JavaScript's numbers are IEEE 754 binary64, and its + - * / round as that says, on every processor and in every
// browser. Math.exp, log, cos and pow are up to the browser, and are not used. Math.round takes halves upwards, where
// the grids need them to go to even; so rounding is done by an addition.

// ---- Grids (exact/grids.py): fraction bits, and the largest magnitude that keeps sums exact.
const GRIDS = {
  input: { bits: 16, limit: 1 },
  weight: { bits: 18, limit: 8 },
  hidden: { bits: 16, limit: 32 },
  error: { bits: 17, limit: 8 },
  hiddenGradient: { bits: 19, limit: 32 },
  loss: { bits: 23, limit: 2 ** 18 },
};

// What is added and taken away again leaves no room for fractions: to the nearest whole number, ties to even, as long
// as |x| < 2^51.
const SHIFT = 1.5 * 2 ** 52;
function nearest(x) {
  return x + SHIFT - SHIFT;
}

function onGrid(x, bits) {
  return nearest(x * 2 ** bits) * 2 ** -bits;
}

// ---- The bits of a number, as a high and a low word.
const view = new DataView(new ArrayBuffer(8));

function fromWords(high, low) {
  view.setUint32(0, high);
  view.setUint32(4, low);
  return view.getFloat64(0);
}

// `x` to 26 significant bits, half away from zero (exact/ops.py: shorten). Products with a number of 27 bits are exact.
const DROPPED = 53 - 26;
function shorten(x) {
  view.setFloat64(0, x);
  const low = view.getUint32(4) + 2 ** (DROPPED - 1);
  const carry = low > 0xffffffff ? 1 : 0;
  return fromWords(view.getUint32(0) + carry, (low & -(2 ** DROPPED)) >>> 0);
}

// The root of x >= 0, rounded down to 25 significant bits (exact/ops.py: square_root). Squares of such numbers are
// exact, and so comparisons choose among three neighbours: it would not matter if Math.sqrt were off in the last bit.
const UNIT = 2 ** (53 - 25);
function squareRoot(x) {
  view.setFloat64(0, Math.sqrt(x));
  const high = view.getUint32(0), low = (view.getUint32(4) & -UNIT) >>> 0;
  const above = low + UNIT > 0xffffffff ? fromWords(high + 1, 0) : fromWords(high, low + UNIT);
  if (above * above <= x) return above;
  const root = fromWords(high, low);
  if (root * root <= x || x === 0) return root;
  return low < UNIT ? fromWords(high - 1, low - UNIT + 2 ** 32) : fromWords(high, low - UNIT);
}

// [fraction, exponent] of x = fraction * 2^exponent, 0.5 <= fraction < 1, for x > 0 that is not subnormal.
function frexp(x) {
  view.setFloat64(0, x);
  const high = view.getUint32(0);
  return [fromWords((high & 0x800fffff) | 0x3fe00000, view.getUint32(4)), (high >>> 20) - 1022];
}

// The least power of two that is at least x > 0.
function powerOfTwoAbove(x) {
  const [fraction, exponent] = frexp(x);
  return 2 ** (fraction === 0.5 ? exponent - 1 : exponent);
}

// To so many significant bits, ties to even (exact/schedule.py: round_to_bits).
function roundToBits(x, bits) {
  if (x === 0) return 0;
  const [fraction, exponent] = frexp(x);
  return nearest(fraction * 2 ** bits) * 2 ** (exponent - bits);
}

// ---- Functions, by the fixed sequences of operations of exact/functions.py. The high part of a constant has so few
// bits that its products with small whole numbers are exact; the low part is what is left of it.
const PI = 3.141592653589793;
const LOG_2_HIGH = 0.6931471803691238, LOG_2_LOW = 1.9082149292705877e-10;
const HALF_PI_HIGH = 1.5707963267341256, HALF_PI_LOW = 6.077100506506192e-11;

function factorial(k) {
  return k < 2 ? 1 : k * factorial(k - 1); // a whole number below 2^53 up to 18!, and of few bits beyond
}
const range = (size) => Array.from({ length: size }, (_, k) => k);
const LOG_TERMS = range(12).map((k) => 1 / (2 * k + 1));
const SIN_TERMS = range(10).map((k) => (-1) ** k / factorial(2 * k + 1));
const COS_TERMS = range(11).map((k) => (-1) ** k / factorial(2 * k));

function horner(coefficients, x) {
  let total = coefficients[coefficients.length - 1];
  for (let k = coefficients.length - 2; k >= 0; k--) total = total * x + coefficients[k];
  return total;
}

// The natural logarithm of 0 < x < infinity.
function log(x) {
  let [fraction, k] = frexp(x);
  if (fraction < Math.sqrt(0.5)) [fraction, k] = [2 * fraction, k - 1];
  const f = fraction - 1;
  const s = f / (2 + f);
  const squared = s * s;
  const rest = s * (squared * horner(LOG_TERMS.slice(1), squared));
  const half = 0.5 * f * f;
  const small = half - (s * half + (2 * rest + k * LOG_2_LOW));
  return k * LOG_2_HIGH - (small - f);
}

// Of radians, up to millions of them.
function cos(x) {
  const k = nearest(x / (PI / 2)), quarter = ((k % 4) + 4) % 4;
  const r = x - k * HALF_PI_HIGH - k * HALF_PI_LOW;
  const squared = r * r;
  const size = quarter % 2 === 1 ? r * horner(SIN_TERMS, squared) : horner(COS_TERMS, squared);
  return quarter === 1 || quarter === 2 ? -size : size;
}
