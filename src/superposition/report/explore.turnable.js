// A picture of vectors in three dimensions that the reader turns, by dragging it or with the arrow keys.
const turnable = (label) => {
  const { shape, picture } = Drawing;
  const STEP = Math.PI / 24; // of a key
  const keys = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
  const svg = picture(`${label}. Turn it with the arrow keys.`, "-1.7 -1.7 3.4 3.4", { class: "turned", tabindex: 0 });
  let yaw = 0.6, pitch = 0.4, held = null;
  let shown = { places: [], edges: [], colours: [], names: [] };

  const turned = ([x, y, z]) => {
    const a = Math.cos(yaw) * x + Math.sin(yaw) * z, depth = Math.cos(yaw) * z - Math.sin(yaw) * x;
    return [a, -(Math.cos(pitch) * y - Math.sin(pitch) * depth), Math.sin(pitch) * y + Math.cos(pitch) * depth];
  };

  function draw() {
    const at = shown.places.map(turned);
    const parts = [shape("circle", { class: "axis", r: 1 })];
    for (const [i, j] of shown.edges) {
      parts.push(shape("line", { x1: at[i][0].toFixed(3), y1: at[i][1].toFixed(3), x2: at[j][0].toFixed(3), y2: at[j][1].toFixed(3), class: "axis" }));
    }
    // What is behind is drawn first, and smaller.
    const order = at.map((_, i) => i).sort((i, j) => at[i][2] - at[j][2]);
    for (const i of order) {
      const [x, y, depth] = at[i], fill = shown.colours[i];
      parts.push(shape("line", { x2: x.toFixed(3), y2: y.toFixed(3), stroke: fill, "stroke-width": 0.03, "stroke-linecap": "round" }),
        shape("circle", { cx: x.toFixed(3), cy: y.toFixed(3), r: (0.06 + 0.018 * depth).toFixed(3), fill }),
        shape("text", { class: "name", x: (1.16 * x).toFixed(3), y: (1.16 * y + 0.045).toFixed(3) }, shown.names[i]));
    }
    svg.replaceChildren(...parts);
  }

  function turn(across, up) {
    yaw += across;
    pitch = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, pitch + up));
    draw();
  }

  svg.addEventListener("keydown", (event) => {
    if (!(event.key in keys)) return;
    event.preventDefault(); // which would scroll
    turn(...keys[event.key]);
  });
  svg.addEventListener("pointerdown", (event) => {
    held = [event.clientX, event.clientY];
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!held) return;
    turn((event.clientX - held[0]) / 120, (event.clientY - held[1]) / 120);
    held = [event.clientX, event.clientY];
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { held = null; });
  return { svg, show: (what) => { shown = what; draw(); } };
};
