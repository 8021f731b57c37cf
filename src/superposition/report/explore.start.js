// Each panel is drawn when it comes near, so that the page is there at once.
(() => {
  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      const data = JSON.parse(target.querySelector("script").textContent);
      Panels[target.dataset.kind](target.querySelector(".stage"), data);
    }
  }, { rootMargin: "400px" });
  for (const panel of document.querySelectorAll(".explore")) near.observe(panel);
})();
