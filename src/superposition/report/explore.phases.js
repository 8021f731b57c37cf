// A phase diagram in which the model of each cell can be looked at.
Panels.phases = (stage, { n_features: n, n_hidden: m, densities, importances, loss, W, b }) => {
  const { shape, element, slider, picture, vectors, placeOf } = Drawing;
  const REPRESENTED = 0.5, SHARED = 0.5; // norm, and superposition, from which words change
  const [rows, columns] = [densities.length, importances.length];
  const models = W.map((own) => Algebra.thousandths(own));

  // Norm of the last feature, and what others project onto it.
  function last(own) {
    const gram = Algebra.gram(own, n, m), square = gram[n * n - 1];
    let shared = 0;
    for (let j = 0; j < n - 1; j++) shared += gram[(n - 1) * n + j] ** 2 / (square || 1);
    return { norm: Math.sqrt(square), shared };
  }

  // The figures' colours: grey without a norm, from blue by way of purple to red as the direction is shared.
  function colour({ norm, shared }) {
    const [size, part] = [Math.min(1, norm), Math.min(1, shared)];
    const [hue, saturation, value] = [360 * (0.6 + 0.4 * part), 0.72 * size, 0.62 + 0.26 * size];
    const lightness = value * (1 - saturation / 2);
    const inner = lightness > 0 && lightness < 1 ? (value - lightness) / Math.min(lightness, 1 - lightness) : 0;
    return `hsl(${hue.toFixed(0)} ${(100 * inner).toFixed(0)}% ${(100 * lightness).toFixed(0)}%)`;
  }

  const letter = Math.max(rows, columns) / 28; // as large beside few cells as beside many
  const box = [-3 * letter, -letter, columns + 4 * letter, rows + 4 * letter];
  const map = picture("Phase diagram: relative importance to the right, density downwards", box.join(" "), { class: "picked" });
  models.forEach((own, place) => {
    map.append(shape("rect", { x: place % columns, y: Math.floor(place / columns), width: 1.02, height: 1.02, fill: colour(last(own)) }));
  });
  const text = (x, y, words, anchor, turned = 0) => map.append(shape("text", {
    transform: `translate(${x} ${y}) rotate(${turned})`, "font-size": letter, fill: "currentColor", "text-anchor": anchor,
  }, words));
  text(0, rows + 1.3 * letter, String(importances[0]), "start");
  text(columns, rows + 1.3 * letter, String(importances[columns - 1]), "end");
  text(columns / 2, rows + 1.3 * letter, "relative importance", "middle");
  text(-0.3 * letter, 0.9 * letter, String(densities[0]), "end");
  text(-0.3 * letter, rows, String(densities[rows - 1]), "end");
  text(-0.9 * letter, rows / 2, "density", "middle", -90);
  const mark = shape("rect", { width: 1, height: 1, fill: "none", stroke: "white", "stroke-width": 0.3 * letter });
  map.append(mark);

  const model = picture("Feature vectors of the model", "-1.5 -1.5 3 3");
  const said = element("p", { class: "said", role: "status" });
  let [row, column] = [Math.floor(rows / 2), Math.floor(columns / 2)];

  function show() {
    const place = row * columns + column, own = models[place], found = last(own);
    mark.setAttribute("x", column);
    mark.setAttribute("y", row);
    model.replaceChildren(...vectors(own, n, m));
    [across.input.value, down.input.value] = [column, row];
    across.say(String(importances[column]));
    down.say(String(densities[row]));
    const words = found.norm < REPRESENTED ? "not represented" : found.shared > SHARED ? "in superposition" : "with a dimension of its own";
    const biases = Algebra.thousandths(b[place]).map((value) => value.toFixed(2)).join(", ");
    said.textContent = `Density ${densities[row]}, relative importance ${importances[column]}: the last feature is ${words}, ` +
      `norm ${found.norm.toFixed(2)}, superposition ${found.shared.toFixed(2)}. Biases ${biases}; held-out loss ${loss[place]}.`;
  }

  const across = slider("Relative importance of the last feature", columns - 1, 1, (value) => { column = value; show(); });
  const down = slider("Density", rows - 1, 1, (value) => { row = value; show(); });
  const point = (event) => {
    const [x, y] = placeOf(event, map).map(Math.floor);
    if (x < 0 || y < 0 || x >= columns || y >= rows) return;
    [row, column] = [y, x];
    show();
  };
  for (const kind of ["pointermove", "pointerdown"]) map.addEventListener(kind, point);
  stage.append(map, model, element("div", { class: "controls" }, across.box, down.box), said);
  show();
};
