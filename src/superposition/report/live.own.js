// Models of the reader's own, named as the pipeline names them, so that it trains the same ones to the same bits.

// Settings of a model; `training`, `initial`, `held_out` and the base of all streams, `seed`, are those of `shared`.
function ownSettings(shared, { n_features, n_hidden, sparsity, ratio, seed }) {
  const labels = { importance: `${ratio}^i`, model: "relu_output", sparsity_label: String(sparsity) };
  let importance = 1;
  return {
    ...shared,
    n_features,
    n_hidden,
    density: Array(n_features).fill(Number((1 - sparsity).toFixed(10))),
    importance: Array.from(Array(n_features), (_, i) => {
      importance *= i === 0 ? 1 : ratio;
      return Number(importance.toPrecision(10)); // the digits that params/axes.py keeps of the exact power
    }),
    relu: true,
    bias: true,
    stream: { seed: shared.seed, experiment: "live", instance: { n_features, n_hidden, seed, ...labels } },
  };
}

// The block of params.yaml that stands for it.
function ownBlock({ training, initial, held_out }, { n_features, n_hidden, sparsity, ratio, seed }) {
  return `  live:
    model: relu_output
    n_features: ${n_features}
    n_hidden: ${n_hidden}
    sparsity: ${sparsity}
    importance: {geometric: ${ratio}}
    seeds: [${seed}]
    held_out: ${held_out}
    initial: ${JSON.stringify(initial)}
    training: ${JSON.stringify(training)}
`;
}
