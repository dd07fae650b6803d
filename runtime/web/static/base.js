"use strict";
// Light or dark, kept in this browser only. Without it pages are as the system wishes.
(() => {
  const root = document.documentElement;
  const kept = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const set = (theme) => { if (theme === "light" || theme === "dark") { root.dataset.theme = theme; } };
  set(kept());
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) { return; }
    button.hidden = false;
    button.addEventListener("click", () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      set(dark ? "light" : "dark");
      try { localStorage.setItem("theme", root.dataset.theme); } catch { /* a page from disk may keep nothing */ }
    });
  });
})();
// Keys that move and open: an element with data-key="x" is clicked by x, with data-focus="x" focused; never while one writes.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) { return; }
  if (event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]")) {
    if (event.key === "Escape") { event.target.blur(); }
    return;
  }
  const named = (attribute) => [...document.querySelectorAll(`[${attribute}]`)].find((each) => each.getAttribute(attribute) === event.key);
  const pressed = named("data-key");
  if (pressed) { event.preventDefault(); pressed.click(); return; }
  const focused = named("data-focus");
  if (focused) { event.preventDefault(); focused.focus(); }
});
