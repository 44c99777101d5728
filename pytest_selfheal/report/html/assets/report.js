"use strict";
(() => {
  const root = document.documentElement;
  const key = "selfheal-theme";
  const themes = ["system", "light", "dark"];
  const read = () => {
    try { return localStorage.getItem(key); } catch { return null; }  // refused for files by some browsers
  };
  const keep = (theme) => {
    try { localStorage.setItem(key, theme); } catch { /* then it lasts as long as the page */ }
  };
  const button = document.getElementById("theme");
  const show = (theme) => {
    if (theme === "system") { delete root.dataset.theme; } else { root.dataset.theme = theme; }
    button.textContent = `Theme: ${theme}`;
  };
  let theme = themes.includes(read()) ? read() : "system";
  show(theme);
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    show(theme);
    keep(theme);
  });
  for (const tool of document.querySelectorAll("[data-needs-script]")) { tool.hidden = false; }

  const field = document.getElementById("filter");
  if (field) {
    const entries = [...document.querySelectorAll("#failures .entry")];
    const texts = entries.map((entry) => entry.textContent.toLowerCase());
    field.addEventListener("input", () => {
      const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      entries.forEach((entry, index) => {
        entry.hidden = !wanted.every((word) => texts[index].includes(word));
        shown += entry.hidden ? 0 : 1;
      });
      document.getElementById("filter-count").textContent = `${shown} shown`;
    });
  }
})();
