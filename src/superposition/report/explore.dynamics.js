// Models while they learn: to play, to pause and to scrub through.
const Dynamics = (() => {
  const { shape, element, slider, picture } = Drawing;
  const SECONDS = 12; // for all frames

  // A button and a slider over the steps; `show` draws a frame.
  function player(steps, show) {
    const button = element("button", { type: "button" }, "Play");
    let frame = steps.length - 1, from = 0, since = null, pending = null;
    const control = slider("Step", steps.length - 1, 1, (value) => { stop(); go(value); });
    function go(value) {
      frame = value;
      control.input.value = value;
      control.say(String(steps[value]));
      show(value);
    }
    function stop() {
      cancelAnimationFrame(pending);
      pending = null;
      button.textContent = "Play";
    }
    function tick(now) {
      since ??= now; // and not the click's own time, which may lie after that of the frame that follows it
      const next = from + Math.floor(((now - since) / 1000 / SECONDS) * steps.length);
      if (next !== frame) go(Math.min(next, steps.length - 1));
      if (frame >= steps.length - 1) stop();
      else pending = requestAnimationFrame(tick);
    }
    button.addEventListener("click", () => {
      if (pending !== null) return stop();
      from = frame >= steps.length - 1 ? 0 : frame; // from the start, once it is over
      go(from);
      since = null;
      button.textContent = "Pause";
      pending = requestAnimationFrame(tick);
    });
    return { controls: element("div", { class: "controls" }, button, control.box), go, last: steps.length - 1 };
  }

  // The loss over steps, both logarithmic, with a dot at the step that is shown.
  function lossCurve(steps, loss) {
    const WIDTH = 320, HEIGHT = 150;
    const log = (value) => Math.log(Math.max(value, 1e-30));
    const first = log(Math.max(1, steps[0])), range = log(steps[steps.length - 1]) - first || 1;
    const [low, high] = [Math.min(...loss), Math.max(...loss)].map(log);
    const x = (k) => 10 + ((log(Math.max(1, steps[k])) - first) / range) * (WIDTH - 20);
    const y = (k) => 22 + ((high - log(loss[k])) / (high - low || 1)) * (HEIGHT - 42);
    const svg = picture("Held-out loss over steps, both logarithmic", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.append(shape("polyline", { class: "curve", points: steps.map((_, k) => `${x(k).toFixed(1)},${y(k).toFixed(1)}`).join(" ") }));
    svg.append(shape("text", { class: "label", x: 10, y: 12 }, "held-out loss"));
    svg.append(shape("text", { class: "label", x: WIDTH - 10, y: HEIGHT - 4, "text-anchor": "end" }, "step"));
    const mark = shape("circle", { class: "mark", r: 4 });
    svg.append(mark);
    return { svg, at: (k) => { mark.setAttribute("cx", x(k)); mark.setAttribute("cy", y(k)); } };
  }

  return { player, lossCurve };
})();

Panels.path = (stage, { n_features: n, set_size, steps, loss, W }) => {
  const { element } = Drawing;
  const COLOURS = ["var(--first-set)", "var(--second-set)"]; // of the sets
  const ways = W.map((own) => Algebra.thousandths(own));
  const view = turnable("Feature vectors in three dimensions, in one colour for each set");
  const curve = Dynamics.lossCurve(steps, loss);
  const said = element("p", { class: "said" });
  const sets = Array.from(Array(n), (_, i) => Math.floor(i / set_size));
  const edges = sets.flatMap((own, i) => sets.map((other, j) => [i, j]).filter(([, j]) => j > i && sets[j] === own));
  const player = Dynamics.player(steps, (k) => {
    const places = sets.map((_, i) => [ways[k][i], ways[k][n + i], ways[k][2 * n + i]]);
    view.show({ places, edges, colours: sets.map((own) => COLOURS[own % 2]), names: sets.map((_, i) => String(i + 1)) });
    curve.at(k);
    said.textContent = `Step ${steps[k]}: held-out loss ${loss[k]}.`;
  });
  stage.append(view.svg, curve.svg, player.controls, said);
  player.go(player.last);
};

Panels.levels = (stage, { steps, loss, dimensionality }) => {
  const { shape, element, picture } = Drawing;
  const WIDTH = 420, HEIGHT = 220, MOST = 1.1;
  const n = dimensionality[0].length, final = dimensionality[dimensionality.length - 1];
  const order = final.map((_, i) => i).sort((i, j) => final[j] - final[i] || i - j);
  const y = (D) => HEIGHT - 14 - (D / MOST) * (HEIGHT - 24);
  const bars = picture("A bar for each feature, as high as its dimensionality", `0 0 ${WIDTH} ${HEIGHT}`);
  for (const [D, name] of [[1, "1"], [0.5, "1/2"], [0, "0"]]) {
    bars.append(shape("line", { class: "guide", x1: 26, x2: WIDTH, y1: y(D), y2: y(D) }),
      shape("text", { class: "label", x: 20, y: y(D) + 4, "text-anchor": "end" }, name));
  }
  const width = (WIDTH - 28) / n;
  const own = order.map((_, place) => shape("rect", { class: "bar", x: (28 + place * width).toFixed(2), width: (0.8 * width).toFixed(2) }));
  bars.append(...own);
  const curve = Dynamics.lossCurve(steps, loss);
  const said = element("p", { class: "said" });
  const player = Dynamics.player(steps, (k) => {
    order.forEach((feature, place) => {
      const D = Math.min(dimensionality[k][feature] / 1000, MOST);
      own[place].setAttribute("y", y(D).toFixed(1));
      own[place].setAttribute("height", (y(0) - y(D)).toFixed(1));
    });
    curve.at(k);
    const learned = dimensionality[k].filter((D) => D > 400).length;
    said.textContent = `Step ${steps[k]}: ${learned} of ${n} features have more than 0.4 of a dimension; held-out loss ${loss[k]}.`;
  });
  stage.append(bars, curve.svg, player.controls, said);
  player.go(player.last);
};
