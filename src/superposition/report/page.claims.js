// Which claims are shown, and in what order. The address says it, so that it can be sent: #claims?verdict=fails&words=...
// It stands behind the # because a page that was opened as a file may change nothing else of its address.
(() => {
  const form = document.getElementById("claims-filter");
  if (!form) return;
  const START = "#claims?";
  const SEVERITY = ["fails", "differs_from_print", "holds_at_best", "holds"];
  const CHOICES = ["section", "experiment", "words", "sort"]; // one value each; of verdicts there may be several
  const body = document.querySelector(".claims tbody");
  const rows = Array.from(body.rows, (row, place) => ({ row, place, text: row.textContent.toLowerCase() }));

  const orders = {
    "": () => 0,
    verdict: (a, b) => SEVERITY.indexOf(a.row.dataset.verdict) - SEVERITY.indexOf(b.row.dataset.verdict),
    share: (a, b) => share(a) - share(b),
    name: (a, b) => (a.row.id < b.row.id ? -1 : 1),
  };
  const share = ({ row }) => (row.dataset.share === "" ? 2 : Number(row.dataset.share)); // those without one come last

  function chosen() {
    const given = new FormData(form);
    const found = Object.fromEntries(CHOICES.map((name) => [name, (given.get(name) || "").trim()]));
    return { ...found, verdict: given.getAll("verdict") };
  }

  function show() {
    const { verdict, section, experiment, words, sort } = chosen();
    const wanted = words.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const { row, text } of rows) {
      const fits = (verdict.length === 0 || verdict.includes(row.dataset.verdict)) &&
        (!section || row.dataset.section === section) && (!experiment || row.dataset.experiment === experiment) &&
        wanted.every((word) => text.includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    const sorted = [...rows].sort((a, b) => orders[sort](a, b) || a.place - b.place);
    body.append(...sorted.map(({ row }) => row));
    document.getElementById("claims-shown").textContent = shown > 0 ? `${shown} of ${rows.length} claims` : "no claim fits";
  }

  function write() {
    const { verdict, ...others } = chosen();
    const said = new URLSearchParams();
    if (verdict.length > 0) said.set("verdict", verdict.join(","));
    for (const name of CHOICES) if (others[name]) said.set(name, others[name]);
    history.replaceState(null, "", said.size === 0 ? "#claims" : START + said.toString().replaceAll("%2C", ","));
  }

  // What the address says; of values that the page does not have, nothing.
  function read() {
    if (location.hash.startsWith(START)) {
      const said = new URLSearchParams(location.hash.slice(START.length));
      const verdicts = (said.get("verdict") || "").split(",");
      for (const box of form.querySelectorAll("[name=verdict]")) box.checked = verdicts.includes(box.value);
      for (const name of CHOICES) form.elements[name].value = said.get(name) || "";
      for (const select of form.querySelectorAll("select")) if (select.selectedIndex < 0) select.selectedIndex = 0;
      show();
      document.getElementById("claims").scrollIntoView({ behavior: "instant" });
    } else if (location.hash === "#claims") {
      write(); // a link to all of them takes no filter away, so that the address says it again
    } else if (location.hash) {
      // A link leads to a claim that is filtered away: all are shown again.
      const target = document.getElementById(location.hash.slice(1));
      if (target && target.hidden) {
        form.reset();
        show();
        target.scrollIntoView({ behavior: "instant" });
      }
    }
  }

  form.addEventListener("input", () => { show(); write(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  // The form has its values only after the event.
  form.addEventListener("reset", () => setTimeout(() => { show(); write(); }));
  addEventListener("hashchange", read);
  show();
  read();
  form.hidden = false;
})();
