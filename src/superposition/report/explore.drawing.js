// Elements, sliders and colours of the panels.
const Drawing = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function shape(name, attributes = {}, ...children) {
    const found = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
    found.append(...children);
    return found;
  }

  function element(name, attributes = {}, ...children) {
    const found = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
    found.append(...children);
    return found;
  }

  // A range from 0 to `most`, with what it stands for above it, and a mark at each whole number where they are few.
  const MARKED = 24;
  let sliders = 0;
  function slider(name, most, step, hear) {
    const id = `slider-${++sliders}`; // which the label names: else it would be that of the output
    const said = element("output", { for: id }), input = element("input", { id, type: "range", min: 0, max: most, step, value: 0 });
    const marks = element("datalist", { id: `marks-${sliders}` });
    if (most <= MARKED) {
      for (let value = 0; value <= most; value++) marks.append(element("option", { value }));
      input.setAttribute("list", marks.id);
    }
    input.addEventListener("input", () => hear(Number(input.value)));
    const say = (text) => {
      said.textContent = text;
      input.setAttribute("aria-valuetext", text);
    };
    return { input, say, box: element("label", { for: id }, element("span", {}, `${name} `, said), input, marks) };
  }

  const picture = (label, box, extra = {}) => shape("svg", { viewBox: box, role: "img", "aria-label": label, ...extra });
  const colour = (i, n) => `hsl(${Math.round((360 * i) / n)} 60% 50%)`;

  const NAMED = 0.15; // the shortest vectors that have room for a name

  // Vectors from the origin, over the unit circle; W is [hidden, feature], of one or two hidden dimensions.
  function vectors(W, n, m) {
    const parts = [shape("circle", { class: "axis", r: 1 })];
    for (let i = 0; i < n; i++) {
      const x = W[i].toFixed(3), y = m > 1 ? (-W[n + i]).toFixed(3) : 0; // upwards on paper is downwards in SVG
      parts.push(shape("line", { x2: x, y2: y, stroke: colour(i, n), "stroke-width": 0.035, "stroke-linecap": "round" }),
        shape("circle", { cx: x, cy: y, r: 0.05, fill: colour(i, n) }));
      if (Math.hypot(x, y) < NAMED) continue; // their names would lie on each other
      parts.push(shape("text", { class: "name", x: (1.14 * x).toFixed(3), y: (1.14 * y + 0.045).toFixed(3) }, String(i + 1)));
    }
    return parts;
  }

  // A table of numbers from -1 to 1, [n, n], from -1.5 to 1.5 across.
  function products(values, n) {
    const side = 3 / n;
    const parts = [shape("rect", { class: "axis", x: -1.5, y: -1.5, width: 3, height: 3 })];
    values.forEach((value, place) => {
      const at = { x: (place % n) * side - 1.5, y: Math.floor(place / n) * side - 1.5, width: 0.95 * side, height: 0.95 * side };
      if (Math.abs(value) < 0.02) return; // what would not be seen
      parts.push(shape("rect", { ...at, fill: value < 0 ? "var(--negative)" : "var(--positive)", "fill-opacity": Math.min(1, Math.abs(value)).toFixed(2) }));
    });
    return parts;
  }

  // Where a pointer is, in the coordinates of a picture.
  function placeOf(event, svg) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [at.x, at.y];
  }

  return { shape, element, slider, picture, colour, vectors, products, placeOf };
})();
const Panels = {}; // how to draw each kind of panel: (stage, data) => nothing
