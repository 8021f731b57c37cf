// Optimiser steps of toy models on a CPU: what `Steps.one` computes, in one pass over a batch that stays in the caches.
//
// Compiled by kernel.py, which says what the constants in capitals are, for double (exact arithmetic) and for float.
// Exact sums have the same bits in any order. So samples are taken in blocks that fit into a core's cache, zeros are
// skipped where that is faster, and instances are spread over threads, each of which takes one instance at a time
// through all the steps of a call.
//
// A block of feature values lies as x[feature][sample]. Where there are few hidden dimensions, hidden values lie
// likewise as [hidden][sample], and vector instructions work along samples ("by sample"). Where there are more than 8,
// they also lie as [sample][hidden], vector instructions work along hidden dimensions, and where most values of some
// features are zero, a bit mask leads from one that is not to the next ("by hidden").

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>
#include <thread>
#include <type_traits>
#include <vector>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

// Sums are exact in any order, but what overflows has to stay infinite or NaN, and quotients have to be rounded correctly.
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "this compiler was told to compute fast rather than right (-ffast-math)"
#endif
static_assert(0.1 != double(0.1f), "error: this compiler was told to shorten constants (-fsingle-precision-constant)");

namespace {

constexpr int BLOCK = 64;  // samples: as many as a mask has bits
constexpr int GROUP = 4;   // features: as many as a Philox counter gives words for

#if defined(__AVX512F__)
constexpr int WIDTH = 64;  // bytes of a vector register
#elif defined(__AVX2__)
constexpr int WIDTH = 32;
#else
constexpr int WIDTH = 16;
#endif

template <typename Real>
struct Simd {
  typedef Real Vector __attribute__((vector_size(WIDTH), aligned(sizeof(Real)), may_alias));
  typedef Real Half __attribute__((vector_size(WIDTH / 2), aligned(sizeof(Real)), may_alias));
  static constexpr int LANES = WIDTH / sizeof(Real);
};

template <typename Real>
using Vector = typename Simd<Real>::Vector;
template <typename Real>
using Half = typename Simd<Real>::Half;

template <typename Real>
inline Vector<Real>& vector(Real* at) {
  return *reinterpret_cast<Vector<Real>*>(at);
}

template <typename Real>
inline const Vector<Real>& vector(const Real* at) {
  return *reinterpret_cast<const Vector<Real>*>(at);
}

// Compilers would read a vector from memory anew for each product that it takes part in.
template <typename Real>
inline Vector<Real> in_register(const Real* at) {
  Vector<Real> value = vector(at);
#if defined(__SSE2__)
  asm("" : "+v"(value));
#endif
  return value;
}

template <typename Real>
inline Real sum(const Vector<Real>& lanes) {
  Real total = 0;
  for (int l = 0; l < Simd<Real>::LANES; ++l) total += lanes[l];
  return total;
}

// ---- What a call works on.

// One parameter's weights and both moments [instance, ...]; null where the model has no such parameter.
template <typename Real>
struct Parameter {
  Real *weight, *first, *second;
};

// An activation by tables of its values and slopes: exact/curves.py. Null where there is none.
template <typename Real>
struct Curve {
  const Real *values, *slopes;
  double reach, per_unit, rise;
};

// kernel.py has the same fields in the same order.
template <typename Real>
struct Task {
  int64_t instances, features, draws, hidden, batch;  // draws: random words of a sample, the features' own first
  int64_t activation, output_activation, target, twice_loss_power;  // activation: of the hidden layer
  Parameter<Real> W, W_out, b, b_hidden;  // [hidden, feature], [feature, hidden], [feature], [hidden]
  const int64_t* keys;                    // [instance, 2]
  const uint32_t* sample;                 // words [instance, draw, sample_size], or null: fresh ones
  int64_t sample_size, sample_shared;     // shared: one sample [draw, sample_size] for all instances
  int64_t unit_length;                    // samples are divided by their lengths
  const int64_t *gate, *first, *count;    // [instance, feature]: active where first <= word[gate] < first + count
  const int64_t *parent, *otherwise;      // [instance, feature], or null: count of features whose parent is not active
  const int64_t *start, *most, *order;    // [instance, feature], or null: of a set from `start`, `most` by word[order]
  const int64_t *point, *begin, *span;    // [instance, feature], or null: on a ring, where word[point] is in the span
  const int64_t* chooser;                 // [instance], or null: samples of these are never empty
  const int64_t *since, *until, *limit;   // [instance, feature]: where word[chooser] is in between, a set is active
  const double* scale;                    // [instance, feature]
  double offset, negative_slope;          // the latter of leaky ReLUs
  const Real* table;                      // [level]: values, or null where they are linear in the word
  const Real* mixing;                     // [feature, output], or null: what each feature adds to all targets
  const Real* importance;                 // [instance, feature]
  const Real* loss_scale;                 // [instance]
  const Real* hidden_l1;                  // [instance]
  const uint8_t* controlled;              // [instance]: whether it has a control variate; null if none has
  const Real *expected_value, *variance;  // [instance, feature]: of features, for control variates
  const Real* control_factor;             // [instance]
  const Real* rates;                      // [step, 3]
  double beta1, beta2, eps, weight_decay, bias_decay;  // weight_decay < 0: towards length 1
  Curve<Real> hidden_curve, output_curve;
  const int64_t *noise_keys, *dropout_keys;  // [instance, 2], or null: hidden values stay as they are
  int64_t noise_steps, dropped;              // noise is at most so many steps of the grid; words below this drop a value
  double kept_factor;                        // of values that are not dropped
};
static_assert(sizeof(Task<double>) == TASK_BYTES && sizeof(Task<float>) == TASK_BYTES, "kernel.py has other fields");

// ---- Grids: the operations of exact/ops.py. For float they do nothing.

inline double nearest(double x) { return std::nearbyint(x); }
inline float nearest(float x) { return x; }

// `value`, unless x is out of range.
inline double limited(double x, double limit, double value) { return std::fabs(x) <= limit ? value : NAN; }
inline float limited(float, double, float value) { return value; }

inline double snapped(double x, double per_unit) { return nearest(x * per_unit) / per_unit; }
inline float snapped(float x, double) { return x; }

template <typename Real>
inline Real rounded(Real x, double per_unit, double limit) {
  return limited(x, limit, snapped(x, per_unit));
}

template <int BITS>
inline double shortened(double x) {
  constexpr int dropped = 53 - BITS;
  int64_t bits;
  std::memcpy(&bits, &x, 8);
  bits = (bits + (int64_t(1) << (dropped - 1))) & ~((int64_t(1) << dropped) - 1);
  std::memcpy(&x, &bits, 8);
  return x;
}
template <int BITS>
inline float shortened(float x) {
  return x;
}

// This machine's root is correctly rounded, so that only rounding up has to be undone.
inline double square_root(double x) {
  constexpr int64_t unit = int64_t(1) << (53 - 25);
  double root = std::sqrt(x), below;
  int64_t bits;
  std::memcpy(&bits, &root, 8);
  bits &= ~(unit - 1);
  std::memcpy(&root, &bits, 8);
  bits -= unit;
  std::memcpy(&below, &bits, 8);
  return root * root > x ? below : root;
}
inline float square_root(float x) { return std::sqrt(x); }

inline double power_of_two_above(double x) {
  int exponent;
  const double fraction = std::frexp(x, &exponent);
  return std::ldexp(1.0, fraction == 0.5 ? exponent - 1 : exponent);
}

template <typename Real>
inline Real relu(Real x) {
  return x < 0 ? 0 : x;  // NaN stays
}

// What a curve's table has at z, on the straight line between two entries. Exact, so that it may be fused.
template <typename Real>
inline Real between(const Curve<Real>& curve, const Real* table, Real z) {
  const Real reach = curve.reach, inside = z > reach ? reach : z > -reach ? z : -reach;
  const Real place = (inside + reach) * Real(curve.per_unit);
  const int left = std::min(int(place), CURVE_INTERVALS - 1);
  return table[left] + (place - left) * (table[left + 1] - table[left]);
}

template <typename Real>
inline Real curved(const Curve<Real>& curve, Real z) {
  if (!(z == z)) return z;
  const Real beyond = z > curve.reach ? z - Real(curve.reach) : Real(0);
  return between(curve, curve.values, z) + Real(curve.rise) * beyond;
}

template <typename Real>
inline Real slope_of(const Curve<Real>& curve, Real z) {
  return snapped(between(curve, curve.slopes, z), SLOPES_PER_UNIT);
}

// ---- Random words and the values they stand for: exact/philox.py and features/distribution.py.

// Products of words with a word. A lane holds a word in its lower half; what stands in the upper half is of no account.
inline Vector<uint64_t> product(Vector<uint64_t> words, uint32_t multiplier) {
#if defined(__AVX512F__)
  return Vector<uint64_t>(_mm512_mul_epu32(__m512i(words), _mm512_set1_epi64(multiplier)));
#elif defined(__AVX2__)
  return Vector<uint64_t>(_mm256_mul_epu32(__m256i(words), _mm256_set1_epi64x(multiplier)));
#elif defined(__SSE2__)
  return Vector<uint64_t>(_mm_mul_epu32(__m128i(words), _mm_set1_epi64x(multiplier)));
#else
  return (words & UINT32_MAX) * multiplier;
#endif
}

// words[f][s]: one random word for each feature of a group and each sample of a block.
void draw_words(uint32_t key0, uint32_t key1, uint32_t group, const uint64_t* sample, uint32_t step,
                uint32_t (*words)[BLOCK]) {
  constexpr int LANES = Simd<uint64_t>::LANES;
  const Vector<uint64_t> none = {};
  for (int s = 0; s < BLOCK; s += LANES) {
    Vector<uint64_t> c0 = none + group, c1 = vector(sample + s), c2 = none + step, c3 = none;
    uint32_t k0 = key0, k1 = key1;
#pragma GCC unroll 16
    for (int round = 0; round < ROUNDS; ++round) {
      const Vector<uint64_t> p0 = product(c0, MULTIPLIER0), p1 = product(c2, MULTIPLIER1);
      c0 = (p1 >> 32) ^ c1 ^ k0;
      c1 = p1;
      c2 = (p0 >> 32) ^ c3 ^ k1;
      c3 = p0;
      k0 += INCREMENT0;
      k1 += INCREMENT1;
    }
    *reinterpret_cast<Half<uint32_t>*>(words[0] + s) = __builtin_convertvector(c0, Half<uint32_t>);
    *reinterpret_cast<Half<uint32_t>*>(words[1] + s) = __builtin_convertvector(c1, Half<uint32_t>);
    *reinterpret_cast<Half<uint32_t>*>(words[2] + s) = __builtin_convertvector(c2, Half<uint32_t>);
    *reinterpret_cast<Half<uint32_t>*>(words[3] + s) = __builtin_convertvector(c3, Half<uint32_t>);
  }
}

// Bit l tells whether lane l of a comparison holds.
inline uint64_t lanes_set(Vector<int32_t> holds) {
#if defined(__AVX512F__)
  return _mm512_test_epi32_mask(__m512i(holds), __m512i(holds));
#elif defined(__AVX2__)
  return _mm256_movemask_ps(__m256(holds));
#elif defined(__SSE2__)
  return _mm_movemask_ps(__m128(holds));
#else
  uint64_t mask = 0;
  for (int l = 0; l < Simd<int32_t>::LANES; ++l) mask |= uint64_t(holds[l] & 1) << l;
  return mask;
#endif
}
inline uint64_t lanes_set(Vector<int64_t> holds) {
#if defined(__AVX512F__)
  return _mm512_test_epi64_mask(__m512i(holds), __m512i(holds));
#elif defined(__AVX2__)
  return _mm256_movemask_pd(__m256d(holds));
#elif defined(__SSE2__)
  return _mm_movemask_pd(__m128d(holds));
#else
  uint64_t mask = 0;
  for (int l = 0; l < Simd<int64_t>::LANES; ++l) mask |= uint64_t(holds[l] & 1) << l;
  return mask;
#endif
}

template <typename Real>
inline uint64_t nonzero(const Real* row) {
  uint64_t mask = 0;
  for (int s = 0; s < BLOCK; s += Simd<Real>::LANES) mask |= lanes_set(vector(row + s) != Vector<Real>{}) << s;
  return mask;
}

// Values x of a feature whose own words are `word`, and a bit for each sample in which it is active.
template <typename Real>
uint64_t values(const uint32_t* word, const uint32_t* gate, int64_t first, int64_t count, double scale, double offset,
                const Real* table, Real* x) {
  if (count == 0) {  // there is no last word
    std::memset(x, 0, BLOCK * sizeof(Real));
    return 0;
  }
  // Signed integers are what vector units compare and convert: both sides are shifted by 2^31.
  const uint32_t shift = 0x80000000u - uint32_t(first);
  const int32_t last = int32_t(uint32_t(count - 1) ^ 0x80000000u);
  uint64_t active = 0;
  for (int s = 0; s < BLOCK; s += Simd<int32_t>::LANES)
    active |= lanes_set(Vector<int32_t>(vector(gate + s) + shift) <= last) << s;
  if (table) {  // an active feature's word is below what `scale` makes the table's length
    std::memset(x, 0, BLOCK * sizeof(Real));
    for (uint64_t left = active; left; left &= left - 1) {
      const int s = __builtin_ctzll(left);
      x[s] = table[int32_t(word[s] * scale)];
    }
    return active;
  }
  const auto value = [=](uint32_t w) {
    return Real(std::nearbyint((int32_t(w ^ 0x80000000u) + 0x1p31) * scale) / INPUTS_PER_UNIT + offset);
  };
  // Where registers are wide and round, all values of a row are made at once; else those that are not zero, one by one.
  // At densities from 0.001 to 0.5, whole steps take 0.7 to 1.05 times as long with wide ones, 1 to 1.8 with others.
  if constexpr (WIDTH > 16) {
#pragma GCC ivdep
    for (int s = 0; s < BLOCK; ++s) {
      const Real v = value(word[s]);
      x[s] = int32_t(gate[s] + shift) <= last ? v : Real(0);
    }
  } else {
    std::memset(x, 0, BLOCK * sizeof(Real));
    for (uint64_t left = active; left; left &= left - 1) {
      const int s = __builtin_ctzll(left);
      x[s] = value(word[s]);
    }
  }
  return active;
}

// Of values x with a bit in `active`, those whose word is below a limit that depends on whether the parent is active.
template <typename Real>
uint64_t with_parent(const uint32_t* gate, int64_t count, int64_t otherwise, uint64_t parent, uint64_t active, Real* x) {
  for (uint64_t left = active; left; left &= left - 1) {
    const int s = __builtin_ctzll(left);
    if (gate[s] < (parent >> s & 1 ? count : otherwise)) continue;
    active &= ~(uint64_t(1) << s);
    x[s] = 0;
  }
  return active;
}

// Of values x with a bit in `active`, those that have one in `kept` too.
template <typename Real>
uint64_t only(uint64_t kept, uint64_t active, Real* x) {
  for (uint64_t left = active & ~kept; left; left &= left - 1) x[__builtin_ctzll(left)] = 0;
  return active & kept;
}

// A bit for each of the words that is one of `span` from `begin` on, after the last of which comes 0.
uint64_t within(const uint32_t* words, int64_t begin, int64_t span) {
  uint64_t found = 0;
  for (int s = 0; s < BLOCK; ++s) found |= uint64_t(words[s] - uint32_t(begin) < span) << s;
  return found;
}

// Words of a set in samples that are never empty: made such that it is active where it is the first that is, and not
// active before that; `choice` are the words that tell which set is first.
void given_that_some_are(const uint32_t* choice, int64_t since, int64_t until, int64_t limit, uint32_t* words) {
  for (int s = 0; s < BLOCK; ++s) {
    if (choice[s] < since) continue;
    words[s] = choice[s] < until ? uint32_t(words[s] * uint64_t(limit) >> 32) : UINT32_MAX;
  }
}

// Samples x[feature][sample] over their lengths. As in the plain form, lengths and quotients are double.
template <typename Real>
void to_unit_length(int64_t features, Real* x) {
  for (int s = 0; s < BLOCK; ++s) {
    double squares = 0;
    for (int64_t i = 0; i < features; ++i) squares += double(x[i * BLOCK + s]) * double(x[i * BLOCK + s]);
    const double length = square_root(squares);
    if (length > 0)
      for (int64_t i = 0; i < features; ++i)
        x[i * BLOCK + s] = Real(snapped(double(x[i * BLOCK + s]) / length, INPUTS_PER_UNIT));
  }
}

// ---- Products by sample. Values are rows of BLOCK samples; weights are rows [feature][hidden], `stride` apart.

// out[k] += sum over the group's features f of weight[f][k] * v[f]
template <typename Real>
void add_by_sample(int hidden, int stride, const Real* weight, const Real* v, Real* out) {
  constexpr int LANES = Simd<Real>::LANES;
  for (int s = 0; s < BLOCK; s += 2 * LANES) {
    Vector<Real> value[GROUP][2];
    for (int f = 0; f < GROUP; ++f)
      for (int p = 0; p < 2; ++p) value[f][p] = vector(v + f * BLOCK + s + p * LANES);
    for (int k = 0; k < hidden; ++k) {
      Real* at = out + k * BLOCK + s;
      Vector<Real> total[2] = {vector(at), vector(at + LANES)};
      for (int f = 0; f < GROUP; ++f)
        for (int p = 0; p < 2; ++p) total[p] += weight[f * stride + k] * value[f][p];
      vector(at) = total[0], vector(at + LANES) = total[1];
    }
  }
}

// gradient[f][k] += v[f] * h[k], where each lane of a vector keeps its own sum over samples; for K values of k
template <int K, typename Real>
inline void outer_columns(int hidden, const Real* v, const Real* h, Real* gradient) {
  constexpr int LANES = Simd<Real>::LANES;
  Vector<Real> total[GROUP][K];
  for (int f = 0; f < GROUP; ++f)
    for (int k = 0; k < K; ++k) total[f][k] = vector(gradient + (f * hidden + k) * LANES);
  for (int s = 0; s < BLOCK; s += LANES) {
    Vector<Real> column[K];
    for (int k = 0; k < K; ++k) column[k] = in_register(h + k * BLOCK + s);
    for (int f = 0; f < GROUP; ++f) {
      const Vector<Real> value = in_register(v + f * BLOCK + s);
      for (int k = 0; k < K; ++k) total[f][k] += value * column[k];
    }
  }
  for (int f = 0; f < GROUP; ++f)
    for (int k = 0; k < K; ++k) vector(gradient + (f * hidden + k) * LANES) = total[f][k];
}

template <typename Real>
void outer_by_sample(int hidden, const Real* v, const Real* h, Real* gradient) {
  constexpr int LANES = Simd<Real>::LANES;
  int k = 0;
  for (; k + 1 < hidden; k += 2) outer_columns<2>(hidden, v, h + k * BLOCK, gradient + k * LANES);
  if (k < hidden) outer_columns<1>(hidden, v, h + k * BLOCK, gradient + k * LANES);
}

// y[f] = sum over hidden dimensions k of weight[f][k] * h[k]
template <typename Real>
void outputs(int hidden, int stride, const Real* weight, const Real* h, Real* y) {
  constexpr int LANES = Simd<Real>::LANES;
  for (int s = 0; s < BLOCK; s += 2 * LANES) {
    Vector<Real> total[GROUP][2] = {};
    for (int k = 0; k < hidden; ++k) {
      const Vector<Real> value[2] = {in_register(h + k * BLOCK + s), in_register(h + k * BLOCK + s + LANES)};
      for (int f = 0; f < GROUP; ++f)
        for (int p = 0; p < 2; ++p) total[f][p] += weight[f * stride + k] * value[p];
    }
    for (int f = 0; f < GROUP; ++f)
      for (int p = 0; p < 2; ++p) vector(y + f * BLOCK + s + p * LANES) = total[f][p];
  }
}

// ---- Products by hidden. Values are rows of BLOCK samples, of which masks tell those that are not zero; weights and
// gradients are rows [feature][hidden] and hidden values rows [sample][hidden], all of them `stride` apart.

// A row, or the part of one that fits into registers: V vectors, and half a vector where TAIL says so.
template <typename Real, int V, bool TAIL>
struct Row {
  static constexpr int LANES = Simd<Real>::LANES;

  Row() = default;
  explicit Row(const Real* from) {
#pragma GCC unroll 8
    for (int j = 0; j < V; ++j) whole[j] = in_register(from + j * LANES);
    if constexpr (TAIL) half = *reinterpret_cast<const Half<Real>*>(from + V * LANES);
  }
  void store(Real* to) const {
#pragma GCC unroll 8
    for (int j = 0; j < V; ++j) vector(to + j * LANES) = whole[j];
    if constexpr (TAIL) *reinterpret_cast<Half<Real>*>(to + V * LANES) = half;
  }
  void add(Real factor, const Row& other) {
    const Vector<Real> factors = factor - Vector<Real>{};
#pragma GCC unroll 8
    for (int j = 0; j < V; ++j) whole[j] += factors * other.whole[j];
    if constexpr (TAIL) {
      Half<Real> fewer;
      std::memcpy(&fewer, &factors, sizeof fewer);
      half += fewer * other.half;
    }
  }

  Vector<Real> whole[V ? V : 1] = {};
  Half<Real> half = {};
};

constexpr int SPARSE = 8;                    // whole vectors at a time, for one feature ...
constexpr int DENSE = WIDTH == 64 ? 4 : 3;  // ... and for a group; so many fit into registers

// out[s] += v[s] * weight, for one feature
template <typename Row, typename Real>
inline void add_sparse(int stride, uint64_t mask, const Real* weight, const Real* v, Real* out) {
  const Row w(weight);
  for (; mask; mask &= mask - 1) {
    const int s = __builtin_ctzll(mask);
    Row total(out + s * stride);
    total.add(v[s], w);
    total.store(out + s * stride);
  }
}

// out[s] += sum over the group's features f of v[f][s] * weight[f]
template <typename Row, typename Real>
inline void add_dense(int stride, const Real* weight, const Real* v, Real* out) {
  const Row w[GROUP] = {Row(weight), Row(weight + stride), Row(weight + 2 * stride), Row(weight + 3 * stride)};
  for (int s = 0; s < BLOCK; ++s) {
    Row total(out + s * stride);
#pragma GCC unroll 4
    for (int f = 0; f < GROUP; ++f) total.add(v[f * BLOCK + s], w[f]);
    total.store(out + s * stride);
  }
}

// gradient += sum over samples of v[s] * h[s], for one feature
template <typename Row, typename Real>
inline void outer_sparse(int stride, uint64_t mask, const Real* v, const Real* h, Real* gradient) {
  // Two sums in turn: one would wait for its last addition before it can begin the next.
  Row even(gradient), odd;
  while (mask & (mask - 1)) {
    const int s = __builtin_ctzll(mask);
    mask &= mask - 1;
    const int t = __builtin_ctzll(mask);
    mask &= mask - 1;
    even.add(v[s], Row(h + s * stride));
    odd.add(v[t], Row(h + t * stride));
  }
  if (mask) {
    const int s = __builtin_ctzll(mask);
    even.add(v[s], Row(h + s * stride));
  }
  even.add(1, odd);
  even.store(gradient);
}

// gradient[f] += sum over samples of v[f][s] * h[s], for the group's features f
template <typename Row, typename Real>
inline void outer_dense(int stride, const Real* v, const Real* h, Real* gradient) {
  Row total[GROUP] = {Row(gradient), Row(gradient + stride), Row(gradient + 2 * stride), Row(gradient + 3 * stride)};
  for (int s = 0; s < BLOCK; ++s) {
    const Row row(h + s * stride);
#pragma GCC unroll 4
    for (int f = 0; f < GROUP; ++f) total[f].add(v[f * BLOCK + s], row);
  }
#pragma GCC unroll 4
  for (int f = 0; f < GROUP; ++f) total[f].store(gradient + f * stride);
}

// Calls work(Row(), offset) for all hidden dimensions, up to MOST vectors at a time: compilers have to know how many.
template <int MOST, typename Real, typename Work>
inline void in_rows(int hidden, Work&& work) {
  constexpr int LANES = Simd<Real>::LANES;
  int done = 0;
  for (; done + MOST * LANES <= hidden; done += MOST * LANES) work(Row<Real, MOST, false>(), done);
  const int rest = hidden - done;
  if (rest == 0) return;
  if constexpr (MOST > 1)
    if (rest <= (MOST - 1) * LANES)
      return in_rows<MOST - 1, Real>(rest, [&](auto row, int more) { work(row, done + more); });
  if (2 * (rest - (MOST - 1) * LANES) <= LANES)
    work(Row<Real, MOST - 1, true>(), done);
  else
    work(Row<Real, MOST, false>(), done);
}

inline bool dense(const uint64_t* masks) {
  int active = 0;
  for (int f = 0; f < GROUP; ++f) active += __builtin_popcountll(masks[f]);
  return 3 * active > GROUP * BLOCK;  // measured: zeros that are multiplied cost less than those that are skipped
}

// out[s] += sum over the group's features f of v[f][s] * weight[f]
template <typename Real>
void add_by_hidden(int hidden, int stride, const uint64_t* masks, const Real* weight, const Real* v, Real* out) {
  if (dense(masks)) {
    in_rows<DENSE, Real>(hidden, [=](auto row, int at) {
      add_dense<decltype(row)>(stride, weight + at, v, out + at);
    });
  } else {
    for (int f = 0; f < GROUP; ++f)
      in_rows<SPARSE, Real>(hidden, [=](auto row, int at) {
        add_sparse<decltype(row)>(stride, masks[f], weight + f * stride + at, v + f * BLOCK, out + at);
      });
  }
}

// gradient[f] += sum over samples of v[f][s] * h[s], for the group's features f
template <typename Real>
void outer_by_hidden(int hidden, int stride, const uint64_t* masks, const Real* v, const Real* h, Real* gradient) {
  if (dense(masks)) {
    in_rows<DENSE, Real>(hidden, [=](auto row, int at) {
      outer_dense<decltype(row)>(stride, v, h + at, gradient + at);
    });
  } else {
    for (int f = 0; f < GROUP; ++f)
      in_rows<SPARSE, Real>(hidden, [=](auto row, int at) {
        outer_sparse<decltype(row)>(stride, masks[f], v + f * BLOCK, h + at, gradient + f * stride + at);
      });
  }
}

// ---- AdamW: exact/adamw.py

// `decays`, if any, has one for each weight; else all have the same `weight_decay`.
template <typename Real>
void adamw(const Task<Real>& task, const Real* rates, Real weight_decay, const Real* decays, int64_t count,
           const Real* gradients, Real* weight, Real* first, Real* second) {
  const Real beta1 = task.beta1, beta2 = task.beta2, rest1 = 1 - task.beta1, rest2 = 1 - task.beta2, eps = task.eps;
  const Real rate = rates[0], correction1 = rates[1], correction2 = rates[2], same = rate * weight_decay;
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i) {
    const Real gradient = shortened<MOMENT_BITS>(gradients[i]);
    first[i] = shortened<MOMENT_BITS>(beta1 * first[i] + rest1 * gradient);
    second[i] = shortened<MOMENT_BITS>(beta2 * second[i] + rest2 * shortened<MOMENT_BITS>(gradient * gradient));
    const Real decay = decays ? rate * decays[i] : same;
    const Real step = rate * (first[i] * correction1) / (square_root(second[i] * correction2) + eps);
    weight[i] = weight[i] - snapped(weight[i] * decay, STEPS_PER_UNIT) - snapped(step, STEPS_PER_UNIT);
  }
}

// ---- What one thread does, an instance at a time, and the memory that it needs.

template <typename Real>
class Worker {
 public:
  explicit Worker(const Task<Real>& task)
      : task(task),
        n(task.features),
        m(task.hidden),
        rows((n + GROUP - 1) / GROUP * GROUP),
        stride((m + LANES - 1) / LANES * LANES),
        wide((n + LANES - 1) / LANES * LANES),
        // With AVX2 both take as long at 8, with AVX-512 at 12 [measured, n = 5 m and 40, densities 0.01 to 1].
        by_hidden(m > 8),
        weight_in(rows * stride),
        weight_out(task.W_out.weight ? rows * stride : 0),
        bias(rows),
        hidden_bias(stride),
        gradient_in(by_hidden ? rows * stride : rows * m * LANES),
        gradient_out(by_hidden ? rows * stride : rows * m * LANES),
        gradient_bias(rows * LANES),
        gradient_hidden_bias(stride),
        gates((task.draws - n) * BLOCK),
        kept(task.most ? n : 0),
        x(rows * BLOCK),
        masks(rows),
        targets(task.mixing || task.target == TARGET_PRODUCTS ? rows * BLOCK : 0),
        mixing(task.mixing ? rows * wide : 0),
        mixed(task.mixing ? wide * BLOCK : 0),
        h(stride * BLOCK),
        h_turned(by_hidden ? stride * BLOCK : 0),
        gradient_h(stride * BLOCK),
        bends(task.activation >= CURVED ? stride * BLOCK : 0),
        clean(disturbs() ? stride * BLOCK : 0),
        factors(task.dropout_keys ? stride * BLOCK : 0),
        importance(rows),
        unit(rows),
        gradient(n * m),
        expected(task.controlled ? rows * stride + rows : 0),
        decays(task.weight_decay < 0 ? n * m : 0) {
    if (task.mixing)
      for (int64_t j = 0; j < n; ++j) std::memcpy(mixing + j * wide, task.mixing + j * n, n * sizeof(Real));
  }

  // Steps `first` .. `last` - 1 of one instance, in place.
  void train(int64_t instance, int64_t first, int64_t last) {
    read_importance(instance);
    for (int64_t step = first; step < last; ++step) {
      read_weights(instance);
      for (auto* sums : {&gradient_in, &gradient_out, &gradient_bias, &gradient_hidden_bias}) sums->zero();
      for (int64_t start = 0; start < task.batch; start += BLOCK) {
        const int count = std::min<int64_t>(BLOCK, task.batch - start);
        encode(instance, step, start, count);
        decode(count, task.controlled && task.controlled[instance]);
        backward(task.hidden_l1[instance], count);
      }
      update(instance, step);
    }
  }

  // The importance-weighted sum of squared errors of one instance, for each `batch` of samples in turn.
  void evaluate(int64_t instance, double* sums, int64_t parts) {
    read_importance(instance);
    read_weights(instance);
    Squares* const add_squares = form_of<Squares>();
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t length = std::min(task.batch, task.sample_size - part * task.batch);
      gradient_bias.zero();  // holds the sums of squares
      for (int64_t start = 0; start < length; start += BLOCK) {
        const int count = std::min<int64_t>(BLOCK, length - start);
        encode(instance, part, start, count);
        const Real* wanted = make_targets();
        alignas(WIDTH) Real y[GROUP * BLOCK];
        for (int i = 0; i < n; i += GROUP) {
          outputs<Real>(m, stride, (task.W_out.weight ? weight_out : weight_in) + i * stride, h, y);
          for (int f = 0; f < GROUP && i + f < n; ++f)
            add_squares(task, wanted + (i + f) * BLOCK, bias[i + f], count, y + f * BLOCK,
                        gradient_bias + (i + f) * LANES);
        }
      }
      Real total = 0;
      for (int i = 0; i < n; ++i) {
        const Real squared = sum<Real>(vector(gradient_bias + i * LANES)) / (ERROR_STEPS * ERROR_STEPS);
        total += rounded(importance[i] * squared, LOSSES_PER_UNIT, LOSS_LIMIT);
      }
      sums[part * task.instances + instance] = total;
    }
  }

 private:
  static constexpr int LANES = Simd<Real>::LANES;
  static constexpr bool is_exact = sizeof(Real) == sizeof(double);
  static constexpr Real ERROR_STEPS = is_exact ? ERRORS_PER_UNIT : 1;
  // Twice an error's limit of a feature of this importance is less than half a step of the grid that features share.
  static constexpr double FAINT = 0.25 / ERRORS_PER_UNIT / ERROR_LIMIT;

  template <typename T>
  struct Aligned {
    explicit Aligned(size_t size) : size(size), data(new (std::align_val_t(64)) T[size]()) {}
    ~Aligned() { ::operator delete[](data, std::align_val_t(64)); }
    Aligned(const Aligned&) = delete;
    void zero() { std::memset(data, 0, size * sizeof(T)); }
    operator T*() { return data; }
    size_t size;
    T* data;
  };

  void read_importance(int64_t instance) {
    for (int i = 0; i < rows; ++i) {
      importance[i] = i < n ? task.importance[instance * n + i] : 1;
      unit[i] = power_of_two_above(importance[i]);
    }
  }

  // Parameters as they enter sums, one row a feature.
  void read_weights(int64_t instance) {
    const Real* W = task.W.weight + instance * n * m;
    for (int k = 0; k < m; ++k)
      for (int i = 0; i < n; ++i) weight_in[i * stride + k] = on_weight_grid(W[k * n + i]);
    if (task.W_out.weight)
      for (int i = 0; i < n; ++i)
        for (int k = 0; k < m; ++k)
          weight_out[i * stride + k] = on_weight_grid(task.W_out.weight[(instance * n + i) * m + k]);
    if (task.b.weight)
      for (int i = 0; i < n; ++i) bias[i] = on_weight_grid(task.b.weight[instance * n + i]);
    if (task.b_hidden.weight)
      for (int k = 0; k < m; ++k) hidden_bias[k] = on_weight_grid(task.b_hidden.weight[instance * m + k]);
  }

  static Real on_weight_grid(Real w) { return rounded(w, WEIGHTS_PER_UNIT, WEIGHT_LIMIT); }

  // From sums W x to hidden values, in place.
  [[gnu::noinline]] void hidden_values(Real* sums) {
    const int size = by_hidden ? stride * BLOCK : m * BLOCK;
    if (task.b_hidden.weight)
      for (int j = 0; j < size; ++j) sums[j] += hidden_bias[by_hidden ? j % stride : j / BLOCK];
    for (int j = 0; j < size; ++j) sums[j] = rounded(sums[j], HIDDEN_PER_UNIT, HIDDEN_LIMIT);
    const Real slope = task.negative_slope;
    if (task.activation == RELU)
      for (int j = 0; j < size; ++j) sums[j] = relu(sums[j]);
    else if (task.activation == LEAKY_RELU)
      for (int j = 0; j < size; ++j) sums[j] = sums[j] > 0 ? sums[j] : snapped(sums[j] * slope, HIDDEN_PER_UNIT);
    else if (task.activation == CLIPPED_RELU)
      for (int j = 0; j < size; ++j) sums[j] = sums[j] >= 1 ? 1 : relu(sums[j]);
    else if (task.activation >= CURVED)
      for (int j = 0; j < size; ++j) {
        bends[j] = slope_of(task.hidden_curve, sums[j]);
        sums[j] = snapped(curved(task.hidden_curve, sums[j]), HIDDEN_PER_UNIT);
      }
  }

  bool disturbs() const { return task.noise_keys || task.dropout_keys; }

  // Noise and dropout on hidden values, in place, of which `clean` keeps what they were: training/disturbance.py
  [[gnu::noinline]] void disturb(int64_t instance, int64_t step, int64_t start, Real* values) {
    uint64_t sample[BLOCK];
    uint32_t words[GROUP][BLOCK];
    for (int s = 0; s < BLOCK; ++s) sample[s] = start + s;
    std::memcpy(clean, values, clean.size * sizeof(Real));
    const auto each = [&](const int64_t* keys, auto&& change) {  // change(word, place) for all hidden values
      for (int k = 0; k < m; k += GROUP) {
        draw_words(keys[2 * instance], keys[2 * instance + 1], k / GROUP, sample, step, words);
        for (int l = k; l < std::min<int64_t>(k + GROUP, m); ++l)
          for (int s = 0; s < BLOCK; ++s) change(words[l - k][s], by_hidden ? s * stride + l : l * BLOCK + s);
      }
    };
    const uint64_t levels = 2 * task.noise_steps + 1;
    if (task.noise_keys)
      each(task.noise_keys, [&](uint32_t word, int64_t at) {
        const Real noise = Real(int64_t(word * levels >> 32) - task.noise_steps) / Real(HIDDEN_PER_UNIT);
        values[at] = rounded(values[at] + noise, HIDDEN_PER_UNIT, HIDDEN_LIMIT);
      });
    if (task.dropout_keys)
      each(task.dropout_keys, [&](uint32_t word, int64_t at) {
        factors[at] = word < task.dropped ? Real(0) : Real(task.kept_factor);
        values[at] = rounded(values[at] * factors[at], HIDDEN_PER_UNIT, HIDDEN_LIMIT);
      });
  }

  // x of a block of samples, and h.
  void encode(int64_t instance, int64_t step, int64_t start, int count) {
    uint64_t sample[BLOCK];
    uint32_t words[GROUP][BLOCK];
    // One division for a block: divisions would take longer than all else that small models need.
    int64_t next = task.sample ? (step * task.batch + start) % task.sample_size : start;
    const bool in_a_row = !task.sample || next + BLOCK <= task.sample_size;
    for (int s = 0; s < BLOCK; ++s) {
      sample[s] = next++;
      if (!in_a_row && next == task.sample_size) next = 0;
    }
    const uint64_t inside = count == BLOCK ? ~uint64_t(0) : (uint64_t(1) << count) - 1;
    const auto draw = [&](int64_t i) {  // words of a group
      if (!task.sample) {
        draw_words(task.keys[2 * instance], task.keys[2 * instance + 1], i / GROUP, sample, step, words);
        return;
      }
      for (int64_t d = i; d < std::min(i + GROUP, task.draws); ++d) {
        const uint32_t* from = task.sample + (task.sample_shared ? d : instance * task.draws + d) * task.sample_size;
        if (in_a_row)
          std::memcpy(words[d - i], from + sample[0], sizeof words[0]);
        else
          for (int s = 0; s < BLOCK; ++s) words[d - i][s] = from[sample[s]];
      }
    };
    for (int64_t i = n / GROUP * GROUP; n < task.draws && i < task.draws; i += GROUP) {
      draw(i);
      for (int64_t d = std::max(i, n); d < std::min(i + GROUP, task.draws); ++d)
        std::memcpy(gates + (d - n) * BLOCK, words[d - i], sizeof words[0]);
    }
    if (task.most) choose(instance);
    Real* sums = by_hidden ? h_turned : h;
    std::memset(sums, 0, stride * BLOCK * sizeof(Real));
    const auto make = [&](int i) {  // values of a group
      draw(i);
      for (int f = i; f < std::min<int64_t>(i + GROUP, n); ++f) {
        const int64_t own = instance * n + f, gate = task.gate[own];
        const uint32_t* decides = gate < n ? words[gate - i] : gates + (gate - n) * BLOCK;
        uint32_t moved[BLOCK];
        if (task.chooser && task.since[own] <= UINT32_MAX) {
          std::memcpy(moved, decides, sizeof moved);
          given_that_some_are(gates + (task.chooser[instance] - n) * BLOCK, task.since[own], task.until[own],
                              task.limit[own], moved);
          decides = gate < n ? static_cast<uint32_t*>(std::memcpy(words[f - i], moved, sizeof moved)) : moved;
        }
        const int64_t parent = task.parent ? task.parent[own] : -1;
        const int64_t most = parent < 0 ? task.count[own] : std::max(task.count[own], task.otherwise[own]);
        masks[f] = inside & values(words[f - i], decides, task.first[own], most, task.scale[own], task.offset,
                                   task.table, x + f * BLOCK);
        if (parent >= 0)
          masks[f] =
              with_parent(decides, task.count[own], task.otherwise[own], masks[parent], masks[f], x + f * BLOCK);
        if (task.span && task.span[own])
          masks[f] = only(within(gates + (task.point[own] - n) * BLOCK, task.begin[own], task.span[own]), masks[f],
                          x + f * BLOCK);
        if (task.most && task.most[own]) masks[f] = only(kept[f], masks[f], x + f * BLOCK);
        for (int s = count; s < BLOCK; ++s) x[f * BLOCK + s] = 0;
      }
    };
    const auto add = [&](int i) {  // to the sums
      const Real *weight = weight_in + i * stride, *v = x + i * BLOCK;
      if (by_hidden)
        add_by_hidden(m, stride, masks + i, weight, v, sums);
      else
        add_by_sample(m, stride, weight, v, sums);
    };
    if (task.unit_length) {
      for (int i = 0; i < n; i += GROUP) make(i);
      to_unit_length<Real>(n, x);
      for (int i = 0; i < n; i += GROUP) add(i);
    } else {
      for (int i = 0; i < n; i += GROUP) {
        make(i);
        add(i);
      }
    }
    hidden_values(sums);
    if (disturbs()) disturb(instance, step, start, sums);
    if (by_hidden)
      for (int s = 0; s < BLOCK; ++s)
        for (int k = 0; k < m; ++k) h[k * BLOCK + s] = h_turned[s * stride + k];
  }

  // Of each set of which some features are active, the ones with the smallest words, of equal ones the first.
  void choose(int64_t instance) {
    const int64_t at = instance * n, *most = task.most + at, *first = task.start + at, *order = task.order + at;
    std::vector<uint64_t> words;  // each with its feature's number
    for (int64_t i = 0, end; i < n; i = end) {
      for (end = i + 1; end < n && first[end] == i;) ++end;
      if (!most[i]) continue;
      std::memset(kept + i, 0, (end - i) * sizeof(uint64_t));
      for (int s = 0; s < BLOCK; ++s) {
        words.clear();
        for (int64_t f = i; f < end; ++f) words.push_back(uint64_t(gates[(order[f] - n) * BLOCK + s]) << 32 | f);
        std::nth_element(words.begin(), words.begin() + most[i] - 1, words.end());
        for (int64_t k = 0; k < most[i]; ++k) kept[words[k] & UINT32_MAX] |= uint64_t(1) << s;
      }
    }
  }

  // The gradients of the outputs, and with them those of W_out and b and the sums for those of h.
  void decode(int count, bool controlled) {
    alignas(WIDTH) Real g[GROUP * BLOCK], common[GROUP * BLOCK];
    uint64_t some[GROUP], shared_some[GROUP];
    const Real* weights = task.W_out.weight ? weight_out : weight_in;
    Errors* const error_of = !controlled                     ? form_of<Errors>()
                             : task.output_activation == RELU ? errors<RELU, TARGET_IDENTITY, true, true>
                                                              : errors<LINEAR, TARGET_IDENTITY, true, true>;
    const Real* wanted = make_targets();
    gradient_h.zero();
    for (int i = 0; i < n; i += GROUP) {
      const Real* weight = weights + i * stride;
      outputs<Real>(m, stride, weight, h, g);
      for (int f = 0; f < GROUP; ++f) {
        Real *row = g + f * BLOCK, *shared = common + f * BLOCK;
        const bool faint = is_exact && unit[i + f] < FAINT;
        if (faint) std::memset(shared, 0, BLOCK * sizeof(Real));
        error_of(task, wanted + (i + f) * BLOCK, bias[i + f], importance[i + f], unit[i + f], i + f < n ? count : 0, row,
                 faint ? nullptr : shared, gradient_bias + (i + f) * LANES);
        some[f] = nonzero(row);
        shared_some[f] = faint ? 0 : some[f];
      }
      if (by_hidden) {
        outer_by_hidden<Real>(m, stride, some, g, h_turned, gradient_out + i * stride);
        add_by_hidden<Real>(m, stride, shared_some, weight, common, gradient_h);
      } else {
        outer_by_sample<Real>(m, g, h, gradient_out + i * m * LANES);
        add_by_sample<Real>(m, stride, weight, common, gradient_h);
      }
    }
  }

  // What forms of errors are to take for x: x itself, or whole targets where one feature does not make them alone.
  const Real* make_targets() {
    if (!targets.size) return x;
    for (int64_t i = 0; i < n; ++i)
      for (int s = 0; s < BLOCK; ++s) {
        const Real own = x[i * BLOCK + s], next = x[(i + 1 < n ? i + 1 : 0) * BLOCK + s];
        targets[i * BLOCK + s] = task.target == TARGET_ABSOLUTE   ? std::fabs(own)
                                 : task.target == TARGET_RELU     ? relu(own)
                                 : task.target == TARGET_PRODUCTS ? own * next
                                                                  : own;
      }
    if (task.mixing) {
      mixed.zero();
      for (int64_t j = 0; j < n; j += GROUP)
        add_by_hidden<Real>(n, wide, masks + j, mixing + j * wide, x + j * BLOCK, mixed);
      for (int64_t i = 0; i < n; ++i)
        for (int s = 0; s < BLOCK; ++s) targets[i * BLOCK + s] += mixed[s * wide + i];
    }
    return targets;
  }

  // What the output is made of sums by, and compared with. Of all forms of a function, the one that this model has.
  using Errors = void(const Task<Real>&, const Real*, Real, Real, Real, int, Real*, Real*, Real*);
  using Squares = void(const Task<Real>&, const Real*, Real, int, Real*, Real*);

  template <typename Function>
  Function* form_of() const {
    if (task.output_activation == RELU) return form_of<Function, RELU>();
    if (task.output_activation == LEAKY_RELU) return form_of<Function, LEAKY_RELU>();
    if (task.output_activation == CLIPPED_RELU) return form_of<Function, CLIPPED_RELU>();
    if (task.output_activation >= CURVED) return form_of<Function, CURVED>();
    return form_of<Function, LINEAR>();
  }
  template <typename Function, int OUTPUT>
  Function* form_of() const {
    if (targets.size) return form_of<Function, OUTPUT, TARGET_IDENTITY>();
    if (task.target == TARGET_ABSOLUTE) return form_of<Function, OUTPUT, TARGET_ABSOLUTE>();
    if (task.target == TARGET_RELU) return form_of<Function, OUTPUT, TARGET_RELU>();
    return form_of<Function, OUTPUT, TARGET_IDENTITY>();
  }
  template <typename Function, int OUTPUT, int TARGET>
  Function* form_of() const {
    if constexpr (std::is_same_v<Function, Squares>)
      return squares<OUTPUT, TARGET>;
    else
      return task.twice_loss_power == TWICE_SQUARED ? errors<OUTPUT, TARGET, true> : errors<OUTPUT, TARGET, false>;
  }

  // Output minus target on the error grid, in multiples of its step, from sums W_out h; and the output.
  template <int OUTPUT, int TARGET>
  static Vector<Real> error(const Task<Real>& task, Vector<Real> sums, Real bias, Vector<Real> x, Vector<Real>& y) {
    const Vector<Real> zero = {}, one = zero + 1, total = sums + bias;
    const Real negative_slope = task.negative_slope;
    y = total;
    if (OUTPUT == RELU || OUTPUT == CLIPPED_RELU) y = total < zero ? zero : total;
    if (OUTPUT == LEAKY_RELU) y = total > zero ? total : total * negative_slope;
    if (OUTPUT == CLIPPED_RELU) y = y > one ? one : y;
    if (OUTPUT == CURVED)
      for (int l = 0; l < LANES; ++l) y[l] = curved(task.output_curve, snapped(total[l], HIDDEN_PER_UNIT));
    Vector<Real> wanted = x;
    if (TARGET == TARGET_ABSOLUTE) wanted = magnitude(x);
    if (TARGET == TARGET_RELU) wanted = x < zero ? zero : x;
    const Vector<Real> difference = y - wanted;
    return limited(difference, nearest(difference * ERROR_STEPS));
  }

  // ops._slopes, in multiples of the error grid's step, of errors in such multiples.
  static Vector<Real> slopes(Vector<Real> errors, int64_t twice_power) {
    const Vector<Real> zero = {}, one = zero + 1, in_units = errors / ERROR_STEPS;
    const Vector<Real> e = in_units > one ? one : in_units < -one ? -one : in_units, square = e * e;
    Vector<Real> slope = square * e;  // of the fourth power
    if (twice_power == 5) {
      for (int l = 0; l < LANES; ++l) slope[l] = square_root(std::fabs(e[l])) * e[l];
    } else if (twice_power == 6) {
      slope = magnitude(e) * e;
    } else if (twice_power == 12) {
      slope = square * square * e;
    } else if (twice_power == 16) {
      slope = square * square * square * e;
    }
    return nearest(slope * (STEEPEST * ERROR_STEPS));
  }

  // From sums W_out h to the gradient of each output: on its feature's own grid, and on the grid that all of them share
  // unless `shared` is null. Adds the former to `to_bias`. CONTROLLED: less the gradient of the linear model.
  template <int OUTPUT, int TARGET, bool SQUARED, bool CONTROLLED = false>
  [[gnu::noinline]] static void errors(const Task<Real>& task, const Real* x, Real bias, Real importance, Real unit,
                                       int count, Real* g, Real* shared, Real* to_bias) {
    const Real share = importance / unit, times = (SQUARED ? 2 : 1) * unit, step = times / ERROR_STEPS;
    const Real negative_slope = task.negative_slope;
    const Vector<Real> zero = {}, one = zero + 1;
    for (int s = 0; s < BLOCK; s += LANES) {
      const Vector<Real> sums = vector(g + s), target = vector(x + s);
      Vector<Real> y, slope = error<OUTPUT, TARGET>(task, sums, bias, target, y);
      if (!SQUARED) slope = slopes(slope, task.twice_loss_power);
      if (OUTPUT == CURVED) {
        const Vector<Real> total = sums + bias;
        for (int l = 0; l < LANES; ++l)
          slope[l] *= slope_of(task.output_curve, snapped(total[l], HIDDEN_PER_UNIT));
        slope = nearest(slope);  // of products that are exact
      }
      if (OUTPUT == LEAKY_RELU) slope = y > zero ? slope : slope * negative_slope;
      Vector<Real> weighted = nearest(slope * share);
      if (OUTPUT == RELU || OUTPUT == CLIPPED_RELU) weighted = y <= zero ? zero : weighted;
      if (OUTPUT == CLIPPED_RELU) weighted = y >= one ? zero : weighted;
      if (CONTROLLED) weighted -= nearest(error<LINEAR, TARGET>(task, sums, bias, target, y) * share);
      const Vector<Real> own = weighted * step;
      vector(g + s) = own;
      if (shared) vector(shared + s) = limited(own, nearest(weighted * times) / ERROR_STEPS);
    }
    for (int s = count; s < BLOCK; ++s) g[s] = 0;
    if (shared)
      for (int s = count; s < BLOCK; ++s) shared[s] = 0;
    for (int s = 0; s < BLOCK; s += LANES) vector(to_bias) += vector(g + s);
  }

  // Adds squares of errors, in multiples of the error grid's step, to `to_sum`.
  template <int OUTPUT, int TARGET>
  static void squares(const Task<Real>& task, const Real* x, Real bias, int count, Real* y, Real* to_sum) {
    for (int s = 0; s < BLOCK; s += LANES) {
      Vector<Real> output;
      vector(y + s) = error<OUTPUT, TARGET>(task, vector(y + s), bias, vector(x + s), output);
    }
    for (int s = count; s < BLOCK; ++s) y[s] = 0;
    for (int s = 0; s < BLOCK; s += LANES) vector(to_sum) += vector(y + s) * vector(y + s);
  }

  // What is added and taken away again rounds to whole numbers, ties to even, as long as they are in range.
  static Vector<Real> nearest(Vector<Real> v) {
    constexpr Real shift = is_exact ? 0x1.8p52 : 0;
    return is_exact ? v + shift - shift : v;
  }

  // `value`, unless v is out of the error grid's range.
  static Vector<Real> limited(Vector<Real> v, Vector<Real> value) {
    const Vector<Real> limit = Vector<Real>{} + Real(ERROR_LIMIT), nan = Vector<Real>{} + Real(NAN);
    return is_exact ? (magnitude(v) <= limit ? value : nan) : value;
  }

  static Vector<Real> magnitude(Vector<Real> v) {
    using Bits = Vector<std::conditional_t<is_exact, uint64_t, uint32_t>>;
    return Vector<Real>(Bits(v) & ~Bits(-Vector<Real>{}));
  }

  // The gradients of h, and with them those of W and b_hidden.
  void backward(Real hidden_l1, int count) {
    const Real* values = disturbs() ? clean : by_hidden ? h_turned : h;
    const int size = by_hidden ? stride * BLOCK : m * BLOCK;
    if (task.dropout_keys)
      for (int j = 0; j < size; ++j)
        gradient_h[j] = rounded(gradient_h[j] * factors[j], HIDDEN_GRADIENTS_PER_UNIT, HIDDEN_GRADIENT_LIMIT);
    if (hidden_l1)
      for (int j = 0; j < size; ++j)
        if ((by_hidden ? j / stride : j % BLOCK) < count)
          gradient_h[j] += values[j] > 0 ? hidden_l1 : values[j] < 0 ? -hidden_l1 : Real(0);
    const Real slope = task.negative_slope;
    if (task.activation == RELU)
      for (int j = 0; j < size; ++j) gradient_h[j] = values[j] <= 0 ? Real(0) : gradient_h[j];
    else if (task.activation == LEAKY_RELU)
      for (int j = 0; j < size; ++j) gradient_h[j] = values[j] > 0 ? gradient_h[j] : gradient_h[j] * slope;
    else if (task.activation == CLIPPED_RELU)
      for (int j = 0; j < size; ++j) gradient_h[j] = values[j] <= 0 || values[j] >= 1 ? Real(0) : gradient_h[j];
    else if (task.activation >= CURVED)
      for (int j = 0; j < size; ++j) gradient_h[j] *= bends[j];
    for (int j = 0; j < size; ++j)
      gradient_h[j] = rounded(gradient_h[j], HIDDEN_GRADIENTS_PER_UNIT, HIDDEN_GRADIENT_LIMIT);
    if (task.b_hidden.weight)
      for (int k = 0; k < m; ++k)
        for (int s = 0; s < BLOCK; ++s)
          gradient_hidden_bias[k] += gradient_h[by_hidden ? s * stride + k : k * BLOCK + s];
    for (int i = 0; i < n; i += GROUP) {
      if (by_hidden)
        outer_by_hidden<Real>(m, stride, masks + i, x + i * BLOCK, gradient_h, gradient_in + i * stride);
      else
        outer_by_sample<Real>(m, x + i * BLOCK, gradient_h, gradient_in + i * m * LANES);
    }
  }

  // Half of the linear model's expected gradients, of W as [feature][hidden] and then of b: training/control.py
  [[gnu::noinline]] void expect(int64_t instance) {
    const Real *mean = task.expected_value + instance * n, *variance = task.variance + instance * n;
    Real *of_W = expected, *error = of_W + rows * stride;
    std::vector<Real> hidden(stride), back(stride), gram(m * stride), across(m * stride), scaled(rows * stride);
    for (int i = 0; i < n; ++i)
      for (int k = 0; k < m; ++k) hidden[k] += weight_in[i * stride + k] * mean[i];
    for (int k = 0; k < m; ++k) hidden[k] = rounded(hidden[k], HIDDEN_PER_UNIT, HIDDEN_LIMIT);
    for (int i = 0; i < n; ++i) {
      const Real* w = weight_in + i * stride;
      Real total = 0;
      for (int k = 0; k < m; ++k) total += w[k] * hidden[k];
      error[i] = rounded(total - mean[i] + bias[i], Real(ERRORS_PER_UNIT), Real(ERROR_LIMIT));
      for (int k = 0; k < m; ++k) {
        back[k] += w[k] * error[i];
        scaled[i * stride + k] = on_weight_grid(w[k] * variance[i]);
      }
      for (int k = 0; k < m; ++k)
        for (int l = 0; l < stride; ++l) {
          gram[k * stride + l] += w[k] * w[l];
          across[k * stride + l] += scaled[i * stride + k] * w[l];
        }
    }
    for (int k = 0; k < m; ++k) back[k] = rounded(back[k], HIDDEN_GRADIENTS_PER_UNIT, HIDDEN_GRADIENT_LIMIT);
    for (Real& product : gram) product = rounded(product, GRAM_PER_UNIT, GRAM_LIMIT);
    for (Real& product : across) product = rounded(product, GRAM_PER_UNIT, GRAM_LIMIT);
    for (int i = 0; i < n; ++i) {
      const Real* w = weight_in + i * stride;
      for (int k = 0; k < m; ++k) {
        Real through = 0, others = 0;
        for (int l = 0; l < m; ++l) {
          through += gram[k * stride + l] * w[l];
          others += across[k * stride + l] * w[l];
        }
        through = shortened<MOMENT_BITS>(through - w[k]) * variance[i];
        others -= scaled[i * stride + k];
        of_W[i * stride + k] = (through + others) + (back[k] * mean[i] + hidden[k] * error[i]);
      }
    }
  }

  // From sums to gradients, and a step of AdamW.
  void update(int64_t instance, int64_t step) {
    const Real scale = task.loss_scale[instance], *rates = task.rates + 3 * step;
    const bool controlled = task.controlled && task.controlled[instance];
    const Real factor = controlled ? task.control_factor[instance] : 0;
    if (controlled) expect(instance);
    const auto apply = [&](const Parameter<Real>& p, int64_t size, double decay, const Real* decays = nullptr) {
      adamw<Real>(task, rates, decay, decays, size, gradient, p.weight + instance * size, p.first + instance * size,
                  p.second + instance * size);
    };
    const Real* to_length_one = decays.size ? decays.data : nullptr;
    const bool tied = !task.W_out.weight;
    const auto total = [&](const Real* sums, int i, int k) {
      return by_hidden ? sums[i * stride + k] : sum<Real>(vector(sums + (i * m + k) * LANES));
    };
    for (int k = 0; k < m; ++k)
      for (int i = 0; i < n; ++i) {
        const Real in = total(gradient_in, i, k);
        Real all = tied ? total(gradient_out, i, k) + in : in;
        if (controlled) all += shortened<MOMENT_BITS>(expected[i * stride + k] * factor);
        gradient[k * n + i] = all * scale;
      }
    pull(weight_in, 1, n);
    apply(task.W, n * m, task.weight_decay, to_length_one);
    if (!tied) {
      for (int i = 0; i < n; ++i)
        for (int k = 0; k < m; ++k) gradient[i * m + k] = total(gradient_out, i, k) * scale;
      pull(weight_out, m, 1);
      apply(task.W_out, n * m, task.weight_decay, to_length_one);
    }
    if (task.b.weight) {
      for (int i = 0; i < n; ++i) {
        Real all = sum<Real>(vector(gradient_bias + i * LANES));
        if (controlled) all += shortened<MOMENT_BITS>(expected[rows * stride + i] * factor);
        gradient[i] = all * scale;
      }
      apply(task.b, n, task.bias_decay);
    }
    if (task.b_hidden.weight) {
      for (int k = 0; k < m; ++k) gradient[k] = gradient_hidden_bias[k] * scale;
      apply(task.b_hidden, m, task.bias_decay);
    }
  }

  // adamw.towards_length_one, of weights as they are read; feature i's number k goes to decays[i * feature + k * hidden].
  void pull(const Real* weight, int64_t feature, int64_t hidden) {
    if (!decays.size) return;
    for (int i = 0; i < n; ++i) {
      Real squared = 0;
      for (int k = 0; k < m; ++k) squared += weight[i * stride + k] * weight[i * stride + k];
      const Real length = square_root(squared), strength = -task.weight_decay;
      const Real decay = squared > 0 ? strength * (1 - 1 / length) : 0;
      for (int k = 0; k < m; ++k) decays[i * feature + k * hidden] = decay;
    }
  }

  const Task<Real>& task;
  const int64_t n, m, rows, stride, wide;  // rows, and strides of m and of n: padded with zeros to groups and vectors
  const bool by_hidden;
  Aligned<Real> weight_in, weight_out, bias, hidden_bias;
  Aligned<Real> gradient_in, gradient_out, gradient_bias, gradient_hidden_bias;  // sums over the batch
  Aligned<uint32_t> gates;  // words beyond the features' own
  Aligned<uint64_t> kept;   // of sets of which some features are active, a bit for each sample in which one may be
  Aligned<Real> x;
  Aligned<uint64_t> masks;                // of x
  Aligned<Real> targets, mixing, mixed;   // [feature][sample], [feature][output], [sample][output]; where there are any
  Aligned<Real> h, h_turned, gradient_h;  // [hidden][sample], [sample][hidden], and as the products want it
  Aligned<Real> bends;                    // slopes of a hidden layer that is a curve, likewise
  Aligned<Real> clean, factors;           // hidden values before they were disturbed, and factors of dropout, likewise
  Aligned<Real> importance, unit, gradient, expected, decays;
};

// Calls work(worker, instance) for all instances, each on whichever thread is free.
template <typename Real, typename Work>
void each_instance(const void* what, int64_t threads, Work&& work) {
  const auto& task = *static_cast<const Task<Real>*>(what);
  std::atomic<int64_t> next{0};
  const auto some = [&] {
    Worker<Real> worker(task);
    for (int64_t instance; (instance = next++) < task.instances;) work(worker, instance);
  };
  std::vector<std::thread> others;
  for (int64_t t = 1; t < std::min(threads, task.instances); ++t) others.emplace_back(some);
  some();
  for (auto& thread : others) thread.join();
}

template <typename Real>
void train(const void* task, int64_t first, int64_t last, int64_t threads) {
  each_instance<Real>(task, threads, [=](auto& worker, int64_t instance) { worker.train(instance, first, last); });
}

template <typename Real>
void evaluate(const void* task, double* sums, int64_t parts, int64_t threads) {
  each_instance<Real>(task, threads, [=](auto& worker, int64_t instance) { worker.evaluate(instance, sums, parts); });
}

}  // namespace

extern "C" {
void train_float64(const void* task, int64_t first, int64_t last, int64_t threads) {
  train<double>(task, first, last, threads);
}
void train_float32(const void* task, int64_t first, int64_t last, int64_t threads) {
  train<float>(task, first, last, threads);
}
void evaluate_float64(const void* task, double* sums, int64_t parts, int64_t threads) {
  evaluate<double>(task, sums, parts, threads);
}
void evaluate_float32(const void* task, double* sums, int64_t parts, int64_t threads) {
  evaluate<float>(task, sums, parts, threads);
}
}
