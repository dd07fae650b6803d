"use strict";
document.querySelectorAll("table.sortable").forEach((table) => {
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const body = table.tBodies[0];
      const rows = Array.from(body.rows);
      const number = (row) => (row.cells[at].dataset.n === undefined ? null : Number(row.cells[at].dataset.n));
      const compare = (one, two) => {
        const [a, b] = [number(one), number(two)];
        if (a === null && b === null) {
          return one.cells[at].textContent.localeCompare(two.cells[at].textContent) * (down ? -1 : 1);
        }
        if (a === null || b === null) {
          return a === null ? 1 : -1;
        }
        return (a - b) * (down ? -1 : 1);
      };
      rows.sort(compare).forEach((row) => body.append(row));
    });
  });
});
