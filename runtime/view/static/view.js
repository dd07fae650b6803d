"use strict";
document.addEventListener("DOMContentLoaded", () => {
  // Transcripts: all unfolded or folded, and from write to write.
  const fold = document.querySelector("[data-fold]");
  const calls = [...document.querySelectorAll(".transcript details")];
  if (fold && calls.length) {
    fold.hidden = false;
    const [all, write] = fold.querySelectorAll("button");
    let open = false;
    all.addEventListener("click", () => {
      open = !open;
      calls.forEach((each) => { each.open = open; });
      all.firstChild.textContent = open ? "Fold all " : "Unfold all ";
    });
    const writes = calls.filter((each) => each.dataset.changes !== undefined);
    write.hidden = writes.length === 0;
    let at = -1;
    write.addEventListener("click", () => {
      at = (at + 1) % writes.length;
      writes[at].open = true;
      writes[at].scrollIntoView({ block: "center" });
      writes[at].querySelector("summary").focus({ preventScroll: true });
    });
  }
  // Pages from disk have no server that searches: what is on them is filtered here.
  const filter = document.querySelector("[data-filter]");
  if (filter) {
    filter.hidden = false;
    const field = filter.querySelector("input");
    const said = filter.querySelector("[role=status]");
    const rows = [...document.querySelectorAll("table.list tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      rows.forEach(([row, text]) => {
        row.hidden = !words.every((word) => text.includes(word));
        left += row.hidden ? 0 : 1;
      });
      said.textContent = words.length ? `${left} of ${rows.length} on this page` : "";
    });
  }
});
