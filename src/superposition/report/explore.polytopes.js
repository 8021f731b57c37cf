// Dimensionalities of features over sparsity, and the shape that a feature forms with those that it interferes with.
Panels.polytopes = (stage, { cut, columns }) => {
  const { shape, element, slider, picture, placeOf } = Drawing;
  const WIDTH = 520, HEIGHT = 330, LEFT = 40, RIGHT = 110, TOP = 10, BELOW = 34;
  const MOST = 16; // features of a tangle that are shown
  const SAME = 0.03; // distance of dimensionalities that are alike, as the claims have it
  const NAMED = [["dedicated", 1, 1, 1], ["tetrahedron", 4, 3, 3 / 4], ["triangle", 3, 2, 2 / 3], ["digon", 2, 1, 1 / 2],
    ["pentagon", 5, 2, 2 / 5], ["square antiprism", 8, 3, 3 / 8]]; // vertices, rank, dimensionality of each vertex

  const inverse = columns.map(({ density }) => 1 / density);
  const [low, high] = [Math.min(...inverse), Math.max(...inverse)].map(Math.log);
  const x = (column) => LEFT + ((Math.log(inverse[column]) - low) / (high - low || 1)) * (WIDTH - LEFT - RIGHT);
  const y = (D) => TOP + (1.05 - D) / 1.1 * (HEIGHT - TOP - BELOW);

  const scatter = picture("Dimensionality of each feature over 1 / (1 - S)", `0 0 ${WIDTH} ${HEIGHT}`, { class: "picked" });
  for (const [name, , , D] of NAMED) {
    scatter.append(shape("line", { class: "guide", x1: LEFT, x2: WIDTH - RIGHT, y1: y(D), y2: y(D) }));
    const apart = name === "square antiprism" ? 12 : name === "pentagon" ? -1 : 4; // two of them are too close
    scatter.append(shape("text", { class: "label", x: WIDTH - RIGHT + 6, y: y(D) + apart }, name));
  }
  const dots = columns.map(({ dimensionality }, column) => dimensionality.map((D) => `M${x(column).toFixed(1)} ${y(D / 1000).toFixed(1)}h0`).join("")).join("");
  scatter.append(shape("path", { class: "dots", d: dots }));
  for (const at of [0, 0.5, 1]) scatter.append(shape("text", { class: "label", x: LEFT - 6, y: y(at) + 4, "text-anchor": "end" }, String(at)));
  for (const column of [0, columns.length - 1]) {
    scatter.append(shape("text", { class: "label", x: x(column), y: HEIGHT - 16, "text-anchor": "middle" }, inverse[column].toFixed(1)));
  }
  scatter.append(shape("text", { class: "label", x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, "1 / (1 - S)"));
  const mark = shape("circle", { class: "mark", r: 5 });
  scatter.append(mark);

  // By column: products of features, and features from the lowest dimensionality to the highest.
  const graphs = columns.map(() => null);
  function graphOf(column) {
    if (graphs[column]) return graphs[column];
    const { features, dimensionality, products } = columns[column];
    const near = features.map(() => new Map());
    for (let k = 0; k < products.length; k += 3) {
      const [i, j, product] = products.slice(k, k + 3);
      near[i].set(j, product);
      near[j].set(i, product);
    }
    const order = features.map((_, i) => i).sort((i, j) => dimensionality[i] - dimensionality[j] || i - j);
    return (graphs[column] = { near, order });
  }

  // Those that a feature interferes with, directly or through each other; of too many, those closest to it.
  function group(near, feature) {
    const found = new Set([feature]);
    for (const one of found) for (const [other, product] of near[one]) if (Math.abs(product) > cut) found.add(other);
    if (found.size <= MOST) return { all: found.size, members: [...found].sort((i, j) => i - j) };
    const closest = [...near[feature]].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, MOST - 1);
    return { all: found.size, members: [feature, ...closest.map(([other]) => other)].sort((i, j) => i - j) };
  }

  const view = turnable("The shape that the chosen feature forms with others");
  const said = element("p", { class: "said", role: "status" });
  let column = 0, place = 0;

  function show() {
    const { features, dimensionality, squares } = columns[column], { near, order } = graphOf(column);
    which.input.max = Math.max(0, order.length - 1);
    place = Math.min(place, order.length - 1);
    [where.input.value, which.input.value] = [column, place];
    where.say(`1 / (1 - S) = ${inverse[column].toFixed(2)}`);
    if (order.length === 0) {
      which.say("none");
      view.show({ places: [], edges: [], colours: [], names: [] });
      said.textContent = "No feature has a norm above 0.1 here.";
      return;
    }
    const feature = order[place], { all, members } = group(near, feature), D = dimensionality[feature] / 1000;
    const product = (i, j) => (i === j ? squares[i] : near[i].get(j) || 0) / 100;
    const { rank, places } = Algebra.places(members.map((i) => members.map((j) => product(i, j))));
    const edges = [];
    members.forEach((i, a) => members.forEach((j, c) => { if (a < c && Math.abs(100 * product(i, j)) > cut) edges.push([a, c]); }));
    view.show({ places, edges, names: members.map((i) => String(features[i] + 1)), colours: members.map((i) => (i === feature ? "var(--bad)" : "var(--half)")) });
    mark.setAttribute("cx", x(column));
    mark.setAttribute("cy", y(D));
    which.say(`${features[feature] + 1}, with dimensionality ${D.toFixed(3)}`);
    const alike = (value) => members.every((i) => Math.abs(dimensionality[i] / 1000 - value) < SAME);
    const named = all <= MOST && NAMED.find(([, vertices, span, value]) => vertices === all && span === rank && alike(value));
    said.textContent = `Feature ${features[feature] + 1} at 1 / (1 - S) = ${inverse[column].toFixed(2)} gets ${D.toFixed(3)} of a dimension. ` +
      (all === 1 ? "It interferes with no other." : `It is one of ${all} features that interfere` +
      (all > MOST ? `, of which the ${members.length - 1} closest to it are shown.` : `, in ${rank} ${rank === 1 ? "dimension" : "dimensions"}${named ? `: a ${named[0]}.` : "."}`));
  }

  const where = slider("Sparsity", columns.length - 1, 1, (value) => { column = value; show(); });
  const which = slider("Feature", 0, 1, (value) => { place = value; show(); });
  const point = (event) => {
    const [px, py] = placeOf(event, scatter);
    const gaps = columns.map((_, k) => Math.abs(x(k) - px));
    column = gaps.indexOf(Math.min(...gaps));
    const { order } = graphOf(column), { dimensionality } = columns[column];
    const heights = order.map((i) => Math.abs(y(dimensionality[i] / 1000) - py));
    place = Math.max(0, heights.indexOf(Math.min(...heights)));
    show();
  };
  for (const kind of ["pointermove", "pointerdown"]) scatter.addEventListener(kind, point);
  stage.append(scatter, view.svg, element("div", { class: "controls" }, where.box, which.box), said);
  // A pentagon to start with, or whatever there is.
  const wanted = columns.findIndex(({ dimensionality }) => dimensionality.some((D) => Math.abs(D - 400) < 10));
  column = Math.max(0, wanted);
  const { order } = graphOf(column);
  place = Math.max(0, order.findIndex((i) => Math.abs(columns[column].dimensionality[i] - 400) < 10));
  show();
};
