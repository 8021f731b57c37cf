// The panel: which models to train, a worker for each that trains at the moment, and what they look like as they learn.
(() => {
  "use strict";
  const MILLISECONDS = 80; // that a worker trains before it tells where it stands
  const MOST_WORKERS = 4;
  const { instances: known, ...shared } = JSON.parse(document.getElementById("live-settings").textContent);
  const steps = shared.training.steps;
  const [form, which, run, reset, own, progress, where, models, said, block] =
    ["form", "which", "run", "reset", "own", "progress", "where", "models", "said", "block"].map((id) =>
      document.getElementById(`live-${id}`));
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let jobs = []; // the chosen models: {settings, figure, step, digest, failed, worker}
  let running = false, clock = { seconds: 0, since: 0 };

  // ---- What can be chosen.

  const option = (value, text) => which.add(new Option(text, value));
  known.forEach(({ name, best }, i) => option(i, name + (best ? " (the best of its point)" : "")));
  if (known.length > 1) option("all", `all ${known.length}`);
  option("own", "one of your own");
  which.value = known.reduce((last, { best }, i) => (best ? i : last), 0); // of the sparsest point, in `intro`

  function chosen() {
    if (which.value === "all") return known;
    if (which.value !== "own") return [known[which.value]];
    const at = {};
    const sliders = own.elements;
    sliders.n_hidden.max = Math.min(6, sliders.n_features.value);
    for (const slider of sliders) {
      if (slider.type !== "range") continue;
      at[slider.name] = Number(slider.value);
      slider.nextElementSibling.textContent = slider.value;
    }
    block.lastElementChild.textContent = ownBlock(shared, at);
    return [{ ...ownSettings(shared, at), name: "your model" }];
  }

  function choose() {
    stop();
    jobs.forEach(end);
    jobs = chosen().map((settings) => ({ settings, figure: figure(settings), step: 0, digest: null }));
    clock = { seconds: 0, since: 0 };
    own.hidden = block.hidden = which.value !== "own";
    models.className = jobs.length === 1 ? "one" : "";
    models.replaceChildren(...jobs.map((job) => job.figure));
    jobs.forEach((job) => draw({ ...job, trained: Array(job.settings.n_features * job.settings.n_hidden).fill(0) }));
    said.textContent = "";
    show();
  }

  // ---- Training.

  function start() {
    running = true;
    clock.since = performance.now();
    said.textContent = jobs.length > 1 ? `Training ${jobs.length} models.` : "Training.";
    const free = jobs.filter((job) => !ended(job)).slice(0, workers());
    free.forEach(go);
    show();
  }

  function stop() {
    if (running) clock.seconds += (performance.now() - clock.since) / 1000;
    running = false;
  }

  const passed = () => jobs.reduce((sum, job) => sum + (ended(job) ? steps : job.step), 0) / (steps * jobs.length);
  const ended = (job) => job.digest !== null || job.failed !== undefined;
  const workers = () => Math.max(1, Math.min(MOST_WORKERS, (navigator.hardwareConcurrency || 2) - 1));

  // A worker made of this page's own text, which a page may have that was opened as a file, too.
  function worker(job) {
    const scripts = document.getElementById("live-training").textContent;
    const url = URL.createObjectURL(new Blob([scripts], { type: "text/javascript" }));
    const made = new Worker(url);
    made.onmessage = ({ data }) => hear(job, data);
    made.onerror = ({ message }) => hear(job, { failed: message || "its worker did not start" });
    return made;
  }

  function go(job) {
    if (job.waiting) return; // an answer is still to come, and it goes on then
    const first = !job.worker;
    job.worker ||= worker(job);
    job.waiting = true;
    job.worker.postMessage({ settings: first ? { ...shared, ...job.settings } : null, milliseconds: MILLISECONDS });
  }

  function end(job) {
    if (job.worker) job.worker.terminate();
    job.worker = null;
  }

  function hear(job, told) {
    job.waiting = false;
    const before = passed();
    Object.assign(job, told);
    const quarter = Math.floor(4 * passed()) > Math.floor(4 * before); // what is worth saying to those who only listen
    if (quarter && running) said.textContent = `${25 * Math.floor(4 * passed())} % done.`;
    if (job.trained && (!calm.matches || ended(job) || quarter)) draw(job);
    if (ended(job)) {
      end(job);
      caption(job);
      const next = jobs.find((other) => !ended(other) && !other.worker);
      if (running && next) go(next);
      if (jobs.every(ended)) conclude();
    } else if (running) go(job);
    show();
  }

  // ---- What is said.

  const same = ({ settings, digest }) => digest === settings.digest;
  const badge = (kind, text) => {
    const found = document.createElement("span");
    found.className = `badge ${kind}`;
    found.textContent = text;
    return found;
  };

  function verdict(kind, word, sentence) {
    said.replaceChildren(badge(kind, word), ` ${sentence}`);
  }

  function conclude() {
    stop();
    const names = (some) => some.map((job) => job.settings.name).join("; ");
    const broken = jobs.filter((job) => job.failed !== undefined), others = jobs.filter((job) => !same(job));
    const [{ digest }] = jobs;
    if (broken.length > 0) {
      verdict("fails", "stopped", `${names(broken)}: ${broken[0].failed}.`);
    } else if (which.value === "own") {
      said.textContent = `Trained. No digest was committed of this model; this one's is ${digest}.`;
    } else if (others.length > 0) {
      const [{ settings, digest }] = others;
      const found = `The digest of ${settings.name} is ${digest}, and the committed one ${settings.digest}.`;
      verdict("fails", "other bits", `This browser found other weights for ${names(others)}. ${found}`);
    } else {
      const all = `the weights of all ${jobs.length} models have the committed digests`;
      const one = `the weights have the committed digest, ${digest}`;
      verdict("holds", "same bits", `This browser computed the same bits: ${jobs.length > 1 ? all : one}.`);
    }
  }

  function show() {
    const done = passed();
    const seconds = clock.seconds + (running ? (performance.now() - clock.since) / 1000 : 0);
    const finished = jobs.every(ended);
    progress.value = done;
    run.textContent = running ? "Stop" : finished ? "Train again" : done > 0 ? "Go on" : "Train";
    const parts = [];
    if (jobs.length === 1) {
      parts.push(`step ${jobs[0].step} of ${steps}`);
      if (jobs[0].loss !== undefined) parts.push(`held-out loss ${jobs[0].loss.toPrecision(4)} on ${shared.held_out} samples`);
    } else parts.push(`${jobs.filter(ended).length} of ${jobs.length} models`);
    if (finished) parts.push(`${seconds.toFixed(0)} s`);
    else if (running && seconds > 1 && done > 0) parts.push(`about ${Math.ceil((seconds * (1 - done)) / done)} s left`);
    where.textContent = parts.join(" · ");
  }

  // ---- What a model looks like: its vectors W_i, where they lie in a plane or on a line, and W^T W.

  const SVG = "http://www.w3.org/2000/svg";
  const EXTENT = 1.5; // of the plane that is shown
  const VECTORS = "feature vectors", PRODUCTS = "products of feature vectors";
  function shape(name, attributes) {
    const found = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
    return found;
  }

  function figure(settings) {
    const found = document.createElement("figure");
    const planar = settings.n_hidden <= 2;
    const picture = (shows) =>
      shape("svg", { viewBox: "-1.5 -1.5 3 3", role: "img", "aria-label": `${settings.name}: ${shows}`, "data-shows": shows });
    if (planar) found.append(picture(VECTORS));
    if (!planar || which.value !== "all") found.append(picture(PRODUCTS));
    const words = document.createElement("figcaption");
    words.textContent = which.value === "all" ? settings.name :
      `The ${planar ? "feature vectors, and the products of each two of them" : "products of each two feature vectors"}: ` +
      "red where positive, blue where negative, and fainter the smaller they are.";
    found.append(words);
    return found;
  }

  function caption({ figure, settings, digest, failed }) {
    if (which.value !== "all") return;
    const kept = failed === undefined && digest === settings.digest;
    figure.lastElementChild.append(" ", badge(kept ? "holds" : "fails", failed ? "stopped" : kept ? "same bits" : "other bits"));
  }

  function draw({ figure, settings, trained }) {
    const W = Array.from(trained, (steps) => steps / 2 ** 18); // [hidden, feature], and then b
    for (const picture of figure.querySelectorAll("svg")) {
      picture.replaceChildren(...(picture.dataset.shows === VECTORS ? vectors(W, settings) : products(W, settings)));
    }
  }

  function vectors(W, { n_features: n, n_hidden: m }) {
    const parts = [shape("circle", { class: "axis", r: 1 })];
    for (let i = 0; i < n; i++) {
      const x = W[i], y = m > 1 ? -W[n + i] : 0; // upwards on paper is downwards in SVG
      const colour = `hsl(${Math.round((360 * i) / n)} 60% 50%)`;
      parts.push(shape("line", { x2: x, y2: y, stroke: colour }), shape("circle", { cx: x, cy: y, r: 0.05, fill: colour }));
    }
    return parts;
  }

  function products(W, { n_features: n, n_hidden: m }) {
    const side = (2 * EXTENT) / n;
    const parts = [shape("rect", { class: "axis", x: -EXTENT, y: -EXTENT, width: 2 * EXTENT, height: 2 * EXTENT })];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let product = 0;
        for (let k = 0; k < m; k++) product += W[k * n + i] * W[k * n + j];
        const at = { x: j * side - EXTENT, y: i * side - EXTENT, width: 0.95 * side, height: 0.95 * side };
        const strength = Math.min(1, Math.abs(product)).toFixed(3);
        parts.push(shape("rect", { ...at, fill: product < 0 ? "var(--negative)" : "var(--positive)", "fill-opacity": strength }));
      }
    }
    return parts;
  }

  // ---- Controls.

  which.addEventListener("change", choose);
  reset.addEventListener("click", choose);
  run.addEventListener("click", () => {
    if (running) {
      stop();
      said.textContent = "Stopped.";
      show();
    } else {
      if (jobs.every(ended)) choose();
      start();
    }
  });
  own.addEventListener("input", () => {
    choose();
    start();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  if (typeof Worker === "undefined" || typeof BigInt === "undefined") {
    form.replaceChildren("This browser is too old for this: it has no workers, or no large integers.");
  } else choose();
  form.hidden = false;
})();
