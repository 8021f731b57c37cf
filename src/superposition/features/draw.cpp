// Philox words turned into feature values, one pass over memory: `Distribution(words(...))` bit for bit.
//
// Compiled by draw.py, without PyTorch's headers, in a second. Loops are written so that a compiler turns them into vector
// instructions: no branches, and the rounds of one counter in local variables.

#include <cmath>
#include <cstdint>

namespace {

constexpr int SAMPLES = 128;  // at a time; their words and values stay in a core's first-level cache

template <typename Real>
void draw(const int64_t* keys, const int64_t* threshold, const double* scale, double offset, const int64_t* samples,
          int64_t step, int64_t instances, int64_t features, int64_t n_samples, Real* values) {
  uint32_t sample[SAMPLES], words[4][SAMPLES];
  for (int64_t instance = 0; instance < instances; ++instance) {
    const uint32_t key0 = keys[2 * instance], key1 = keys[2 * instance + 1];
    for (int64_t start = 0; start < n_samples; start += SAMPLES) {
      const int count = n_samples - start < SAMPLES ? n_samples - start : SAMPLES;
      for (int s = 0; s < SAMPLES; ++s) sample[s] = s < count ? samples[start + s] : 0;
      for (int64_t block = 0; 4 * block < features; ++block) {
        uint32_t *word0 = words[0], *word1 = words[1], *word2 = words[2], *word3 = words[3];
#pragma GCC ivdep
        for (int s = 0; s < SAMPLES; ++s) {
          uint32_t c0 = block, c1 = sample[s], c2 = step, c3 = 0, k0 = key0, k1 = key1;
#pragma GCC unroll 16
          for (int round = 0; round < ROUNDS; ++round) {
            const uint64_t p0 = uint64_t(c0) * MULTIPLIER0, p1 = uint64_t(c2) * MULTIPLIER1;
            c0 = uint32_t(p1 >> 32) ^ c1 ^ k0;
            c1 = uint32_t(p1);
            c2 = uint32_t(p0 >> 32) ^ c3 ^ k1;
            c3 = uint32_t(p0);
            k0 += INCREMENT0;
            k1 += INCREMENT1;
          }
          word0[s] = c0, word1[s] = c1, word2[s] = c2, word3[s] = c3;
        }
        for (int64_t feature = 4 * block; feature < 4 * block + 4 && feature < features; ++feature) {
          const int64_t row = instance * features + feature;
          const double unit = scale[row];
          // Signed integers are what vector units compare and convert: both sides are shifted by 2^31.
          const int32_t last = int32_t(uint32_t(threshold[row] - 1) ^ 0x80000000u);
          const uint32_t* __restrict word = words[feature % 4];
          Real* __restrict value = values + row * n_samples + start;
#pragma GCC ivdep
          for (int s = 0; s < count; ++s) {
            const int32_t shifted = int32_t(word[s] ^ 0x80000000u);
            const double active = std::nearbyint((double(shifted) + 0x1p31) * unit) * INPUT_STEP + offset;
            value[s] = Real(shifted <= last ? active : 0.0);
          }
        }
      }
    }
  }
}

}  // namespace

extern "C" void draw_float64(const int64_t* keys, const int64_t* threshold, const double* scale, double offset,
                             const int64_t* samples, int64_t step, int64_t instances, int64_t features,
                             int64_t n_samples, double* values) {
  draw(keys, threshold, scale, offset, samples, step, instances, features, n_samples, values);
}

extern "C" void draw_float32(const int64_t* keys, const int64_t* threshold, const double* scale, double offset,
                             const int64_t* samples, int64_t step, int64_t instances, int64_t features,
                             int64_t n_samples, float* values) {
  draw(keys, threshold, scale, offset, samples, step, instances, features, n_samples, values);
}
