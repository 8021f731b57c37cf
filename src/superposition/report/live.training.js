// A toy model h = W x, y = ReLU(W^T h + b) and its training: the steps that training/steps.py says in PyTorch and
// training/kernel.cpp in C++, for one instance, with the same bits.
//
// All that is summed is a whole number of steps of its grid, and is kept as that number; so no sum rounds, and samples
// may be taken in any order, and left out where they add nothing. In such units:
//
//   x, h 2^-16   W, b 2^-18   error 2^-17   gradient of h 2^-19   products: the sum of both exponents
//
// Settings of an instance: `stream` (its names), n_features, n_hidden, density and importance [feature], relu and bias
// (whether the output has them), `training` and `initial` as in params.yaml, and held_out.

class OutOfRange extends Error {}

// The value, unless it leaves the range in which sums are exact.
function limited(value, within, limit) {
  if (!(Math.abs(within) <= limit)) throw new OutOfRange("left the range in which sums are exact");
  return value;
}

class Model {
  constructor(settings) {
    const { n_features: n, n_hidden: m, density, importance, training, stream } = settings;
    this.settings = settings;
    this.n = n;
    this.m = m;
    this.step = 0; // that were done
    this.key = streamKey({ ...stream, purpose: "training" });
    this.count = Float64Array.from(density, (p) => nearest(p * 2 ** 32)); // active where a word is below
    this.scale = this.count.map((count) => 2 ** GRIDS.input.bits / count);

    // Importances in units of a power of two, and each one's own power of two for its weighted errors.
    this.lossUnit = 2 ** frexp(Math.max(...importance))[1];
    this.importance = Float64Array.from(importance, (one) => Math.fround(one / this.lossUnit));
    this.unit = this.importance.map(powerOfTwoAbove);
    this.share = this.importance.map((one, i) => one / this.unit[i]);
    this.lossScale = this.lossUnit / (training.batch_size * n);

    this.rates = learningRates(training);
    this.powers = [1, 1]; // of the betas
    this.betas = training.betas.map((beta) => nearest(beta * 2 ** 27) / 2 ** 27);
    this.W = parameter(initialWeights(settings)); // [hidden, feature]
    this.b = parameter(new Float64Array(n));

    this.words = new Uint32Array(n * training.batch_size);
    this.onGrids = { W: new Float64Array(n * m), b: new Float64Array(n) };
    this.x = new Float64Array(n);
    this.h = new Float64Array(m);
    this.errors = new Float64Array(n);
    this.own = new Float64Array(n);
    this.common = new Float64Array(n);
    this.active = new Int32Array(n);
  }

  get finished() {
    return this.step >= this.settings.training.steps;
  }

  // One optimiser step.
  advance() {
    const { n, m, words, settings } = this, batch = settings.training.batch_size;
    const sums = { toW: new Float64Array(n * m), fromX: new Float64Array(n * m), toB: new Float64Array(n) };
    this.readWeights();
    drawWords(this.key, n, 0, batch, this.step, words);
    let empty = 0;
    for (let s = 0; s < batch; s++) {
      const found = this.readInputs(words, s, batch);
      if (found > 0) this.addSample(found, 1, sums);
      else empty++;
    }
    if (empty > 0) {
      // The samples without an active feature are all alike.
      this.x.fill(0);
      this.addSample(0, empty, sums);
    }
    this.update(sums);
    this.step++;
  }

  // Adds what x, of `found` active features, which is there so many `times`, contributes to the gradients.
  addSample(found, times, { toW, fromX, toB }) {
    const { n, m, x, h, errors, active, share, unit, own, common } = this, { W } = this.onGrids;
    this.encode(found);
    this.decode();
    for (let i = 0; i < n; i++) {
      own[i] = nearest(errors[i] * share[i]); // on the feature's own grid, in steps of 2^-17 times twice its unit ...
      const value = own[i] * 2 * unit[i];
      common[i] = limited(nearest(value), value, 2 ** 20); // ... and on the grid that all features share
      toB[i] += times * own[i];
    }
    for (let k = 0; k < m; k++) {
      let total = 0;
      for (let i = 0; i < n; i++) {
        total += W[k * n + i] * common[i];
        toW[k * n + i] += own[i] * h[k];
      }
      const gradient = limited(nearest(total * 2 ** -16), total, 2 ** 40); // of h
      for (let a = 0; a < found; a++) fromX[k * n + active[a]] += gradient * x[active[a]];
    }
  }

  // From sums over the batch to gradients, and AdamW (exact/adamw.py).
  update({ toW, fromX, toB }) {
    const { n, m, unit, lossScale, settings } = this;
    const gradient = new Float64Array(n * m);
    for (let j = 0; j < n * m; j++) {
      gradient[j] = (toW[j] * (2 * unit[j % n] * 2 ** -33) + fromX[j] * 2 ** -35) * lossScale;
    }
    this.powers = this.powers.map((power, k) => power * this.betas[k]);
    const rates = [this.rates[this.step], 1 / (1 - this.powers[0]), 1 / (1 - this.powers[1])];
    adamw(this.W, gradient, rates, this.betas, settings.training);
    if (settings.bias) {
      adamw(this.b, toB.map((sum, i) => sum * (2 * unit[i] * 2 ** -17) * lossScale), rates, this.betas, settings.training);
    }
  }

  // Parameters as they enter sums.
  readWeights() {
    const read = (from, to) => from.forEach((w, j) => (to[j] = limited(nearest(w * 2 ** 18), w, GRIDS.weight.limit)));
    read(this.W.weight, this.onGrids.W);
    read(this.b.weight, this.onGrids.b);
    return this.onGrids;
  }

  // x of a sample (features/distribution.py), and how many features of it are `active`.
  readInputs(words, s, samples) {
    const { n, x, count, scale, active } = this;
    let found = 0;
    for (let i = 0; i < n; i++) {
      const word = words[i * samples + s];
      if (word < count[i]) {
        x[i] = nearest(word * scale[i]);
        active[found++] = i;
      } else x[i] = 0;
    }
    return found;
  }

  // h of x.
  encode(found) {
    const { n, m, x, h, active } = this, { W } = this.onGrids;
    for (let k = 0; k < m; k++) {
      let sum = 0;
      for (let a = 0; a < found; a++) sum += W[k * n + active[a]] * x[active[a]];
      h[k] = limited(nearest(sum * 2 ** -18), sum, 2 ** 39);
    }
  }

  // Output minus target of each feature; 0 where the ReLU is off, unless `all`: no gradient goes through there.
  decode(all = false) {
    const { n, m, x, h, errors, settings } = this, { W, b } = this.onGrids;
    for (let i = 0; i < n; i++) {
      let y = b[i] * 2 ** 16;
      for (let k = 0; k < m; k++) y += W[k * n + i] * h[k];
      const off = settings.relu && y <= 0;
      const difference = (off ? 0 : y) - x[i] * 2 ** 18;
      const error = limited(nearest(difference * 2 ** -17), difference, 2 ** 37);
      errors[i] = off && !all ? 0 : error;
    }
  }

  // The importance-weighted loss on held-out data, mean over samples and features (training/held_out.py).
  heldOutLoss() {
    const { n, settings } = this, { seed, experiment } = settings.stream, part = 512;
    const key = streamKey({ seed, experiment, purpose: "held out" });
    const words = new Uint32Array(n * part);
    this.readWeights();
    let total = 0;
    for (let first = 0; first < settings.held_out; first += part) {
      const samples = Math.min(part, settings.held_out - first);
      const squares = new Float64Array(n);
      drawWords(key, n, first, samples, 0, words.subarray(0, n * samples));
      for (let s = 0; s < samples; s++) {
        this.encode(this.readInputs(words, s, samples));
        this.decode(true);
        for (let i = 0; i < n; i++) squares[i] += this.errors[i] * this.errors[i];
      }
      squares.forEach((sum, i) => (total += onGrid(this.importance[i] * (sum * 2 ** -34), GRIDS.loss.bits)));
    }
    return (this.lossUnit * total) / (n * settings.held_out);
  }

  // W and b as training leaves them, in steps of their grid.
  trained() {
    const { W, b } = this.readWeights();
    return Int32Array.of(...W, ...b);
  }

  // What two trained models have in common only if all their bits are the same.
  digest() {
    const numbers = this.trained();
    const bytes = new DataView(new ArrayBuffer(4 * numbers.length));
    numbers.forEach((number, j) => bytes.setInt32(4 * j, number, true));
    return hex(blake2b(new Uint8Array(bytes.buffer), 32));
  }
}

// A parameter with its two moments.
function parameter(weight) {
  return { weight, first: new Float64Array(weight.length), second: new Float64Array(weight.length) };
}

// A step of AdamW in place; `rates` are the learning rate and what corrects either moment.
function adamw({ weight, first, second }, gradients, [rate, correction1, correction2], [beta1, beta2], settings) {
  const decay = rate * settings.weight_decay;
  for (let j = 0; j < weight.length; j++) {
    const gradient = shorten(gradients[j]);
    first[j] = shorten(beta1 * first[j] + (1 - beta1) * gradient);
    second[j] = shorten(beta2 * second[j] + (1 - beta2) * shorten(gradient * gradient));
    const step = (rate * (first[j] * correction1)) / (squareRoot(second[j] * correction2) + settings.eps);
    weight[j] = weight[j] - onGrid(weight[j] * decay, 40) - onGrid(step, 40);
  }
}

// Of all steps (exact/schedule.py).
function learningRates({ schedule, learning_rate: peak, steps, warmup_steps: warmup }) {
  const after = { constant: () => 1, linear: (passed) => 1 - passed, cosine: (passed) => cos((PI / 2) * passed) }[schedule];
  return Float64Array.from(range(steps), (step) => {
    const passed = Math.max(step - warmup, 0) / Math.max(1, steps - warmup);
    return roundToBits(peak * (step < warmup ? (step + 1) / Math.max(1, warmup) : after(passed)), 24);
  });
}

// Normal weights (training/initial.py; Box & Muller 1958), [hidden, feature].
function initialWeights({ n_features: n, n_hidden: m, initial, stream }) {
  const variance = { xavier: 2 / (n + m), notebook: 2 / ((n + 1) * m), normal: 1 }[initial.rule];
  const deviation = initial.gain * Math.sqrt(variance);
  const words = new Uint32Array(2 * m * n);
  drawWords(streamKey({ ...stream, purpose: "initial W" }), 2 * m, 0, n, 0, words);
  return Float64Array.from(range(n * m), (j) => {
    const radius = (words[j] + 0.5) / 2 ** 32, angle = words[j + n * m] / 2 ** 32;
    return onGrid(deviation * Math.sqrt(-2 * log(radius)) * cos(2 * PI * angle), GRIDS.weight.bits);
  });
}
