// The contents show where the reader is. They are open in a column of their own, and closed as a bar on top.
(() => {
  document.documentElement.classList.add("scripted");
  const details = document.querySelector("#contents details");
  const column = matchMedia("(min-width: 70rem)");
  const fit = () => { details.open = column.matches; };
  column.addEventListener("change", fit);
  fit();
  details.addEventListener("click", ({ target }) => { if (target.closest("a") && !column.matches) details.open = false; });

  const links = new Map();
  for (const link of details.querySelectorAll("a")) links.set(document.getElementById(link.hash.slice(1)), link);
  const inView = new Set();
  let current = null;
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) inView[isIntersecting ? "add" : "delete"](target);
    const first = [...links.keys()].find((place) => inView.has(place));
    if (!first || links.get(first) === current) return; // between two of them the last one stays
    if (current) current.removeAttribute("aria-current");
    current = links.get(first);
    current.setAttribute("aria-current", "location");
    if (column.matches) current.scrollIntoView({ block: "nearest", behavior: "instant" });
  }, { rootMargin: "-10% 0px -60% 0px" });
  for (const place of links.keys()) if (place) seen.observe(place);

  // On paper nothing can be opened.
  addEventListener("beforeprint", () => {
    for (const closed of document.querySelectorAll("section.experiment details:not([open])")) closed.open = true;
  });
})();
