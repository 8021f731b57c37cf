// From dense to sparse: the slider goes through trained models, and between two of them one turns into the other.
Panels.shapes = (stage, { n_features: n, n_hidden: m, points }) => {
  const { element, slider, picture, vectors, products } = Drawing;
  const W = points.map((point) => Algebra.thousandths(point.W));
  const planar = m === 2;
  if (planar) for (let k = 1; k < W.length; k++) W[k] = Algebra.aligned(W[k], W[k - 1], n);
  const grams = W.map((own) => Algebra.gram(own, n, m));
  const plane = planar ? picture("Feature vectors", "-1.5 -1.5 3 3") : null;
  const table = picture("Products of each two feature vectors", "-1.5 -1.5 3 3");
  const said = element("p", { class: "said", role: "status" });
  const mixed = (a, b, part) => a.map((value, k) => (1 - part) * value + part * b[k]);

  function show(place) {
    const k = Math.min(Math.floor(place), points.length - 2), part = place - k;
    const own = mixed(W[k], W[k + 1], part);
    if (planar) plane.replaceChildren(...vectors(own, n, m));
    table.replaceChildren(...products(planar ? Algebra.gram(own, n, m) : mixed(grams[k], grams[k + 1], part), n));
    const near = points[Math.round(place)];
    const exact = Math.abs(place - Math.round(place)) < 1e-6;
    control.say(exact ? `S = ${near.sparsity}` : `between S = ${points[k].sparsity} and ${points[k + 1].sparsity}`);
    said.textContent = exact
      ? `Trained at S = ${near.sparsity}: ${near.represented} of ${n} features represented in ${m} dimensions, held-out loss ${near.loss}.`
      : "Not trained: on the way from one model to the next.";
  }

  const control = slider("Sparsity", points.length - 1, 0.02, show);
  stage.append(element("div", { class: "controls" }, control.box), ...(planar ? [plane] : []), table, said);
  show(0);
};
