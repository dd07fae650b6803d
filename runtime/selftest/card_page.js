"use strict";
document.querySelectorAll(".filter").forEach((filter) => {
  const rows = Array.from(document.getElementById(filter.dataset.for).tBodies[0].rows);
  const [words, state, status] = ["input", "select", "[role=status]"].map((name) => filter.querySelector(name));
  const apply = () => {
    const wanted = words.value.trim().toLowerCase();
    let count = 0;
    rows.forEach((row) => {
      const fits = row.cells[0].textContent.toLowerCase().includes(wanted) && ["", row.dataset.state].includes(state.value);
      row.hidden = !fits;
      count += fits ? 1 : 0;
    });
    status.textContent = `${count} of ${rows.length}`;
  };
  words.addEventListener("input", apply);
  state.addEventListener("change", apply);
  filter.hidden = false;
  apply();
});
// A link to a card opens it.
const open = () => {
  const found = document.getElementById(location.hash.slice(1));
  const details = found && found.parentElement.querySelector(":scope > details");
  if (details) {
    details.open = true;
    found.scrollIntoView();
  }
};
window.addEventListener("hashchange", open);
window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
open();
