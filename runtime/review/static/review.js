"use strict";
// What keys and a glance add to pages that work without: moving between requirements and checks, further findings, figures that stay fresh.
document.documentElement.classList.add("scripted");
const stops = () => [...document.querySelectorAll("[data-stop]")];
const form = document.getElementById("form");

// j and k: the next and the previous requirement or check, from where one is.
let at = -1;
const light = () => {
  document.querySelectorAll(".lit").forEach((each) => each.classList.remove("lit"));
  const here = stops()[at];
  if (!here) { return; }
  here.classList.add("lit");
  const named = here.dataset.checks ? here.dataset.checks.split(" ") : [];
  named.forEach((name) => document.getElementById(`check-${name}`)?.classList.add("lit"));
  if (here.dataset.check) {
    document.querySelectorAll(".req[data-checks]").forEach((req) => {
      if (req.dataset.checks.split(" ").includes(here.dataset.check)) { req.classList.add("lit"); }
    });
  }
};
const move = (step) => {
  const all = stops();
  if (!all.length) { return; }
  const focused = all.indexOf(document.activeElement);
  at = Math.min(all.length - 1, Math.max(0, (focused >= 0 ? focused : at) + step));
  all[at].focus({ preventScroll: true });
  all[at].scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  light();
};

// Links within the page move the focus along, and open what they lead to.
const jump = () => {
  let target = null;
  try { target = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null; } catch { return; }
  if (!target) { return; }
  if (target.tagName === "DETAILS") { target.open = true; }
  const place = stops().indexOf(target);
  if (place >= 0) { at = place; target.focus({ preventScroll: true }); light(); }
};
addEventListener("hashchange", jump);
jump();

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) { return; }
  if (event.target.closest("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])")) { return; }
  if (event.key === "j" || event.key === "k") { event.preventDefault(); move(event.key === "j" ? 1 : -1); }
  if (event.key === "Enter" && form && !event.target.closest("a, button, summary, input")) {
    if (form.querySelector("[name=verdict]:checked")) { event.preventDefault(); form.requestSubmit(); }
  }
});

// A further finding, and what the severities mean together.
const more = document.getElementById("more");
if (form && more) {
  more.hidden = false;
  more.addEventListener("click", () => {
    const rows = [...form.querySelectorAll(".row")];
    const empty = (row) => !row.querySelector("[name=tag]").value && !row.querySelector("[name=note]").value;
    let row = rows.find(empty);
    if (!row) {
      if (rows.length >= 30) { return; }
      row = rows[0].cloneNode(true);
      row.querySelectorAll("input").forEach((field) => { field.value = ""; });
      row.querySelectorAll("[aria-label]").forEach((field) => {
        field.setAttribute("aria-label", field.getAttribute("aria-label").replace(/\d+$/, String(rows.length + 1)));
      });
      rows[rows.length - 1].after(row);
    }
    row.classList.remove("spare");
    row.querySelector("[name=tag]").focus();
  });
  const rule = document.getElementById("rule");
  const weigh = () => {
    const found = [...form.querySelectorAll("[name=listed]:checked")].map((box) => box.dataset.severity);
    form.querySelectorAll(".row").forEach((row) => {
      if (row.querySelector("[name=tag]").value.trim() || row.querySelector("[name=note]").value.trim()) { found.push(row.querySelector("[name=severity]").value); }
    });
    const heavy = found.includes("high") || found.filter((each) => each === "medium").length > 1;
    rule.classList.toggle("broken", heavy && form.querySelector("[name=verdict]:checked")?.value === "accept");
  };
  form.addEventListener("input", weigh);
  form.addEventListener("click", weigh);
  // A verdict that was chosen by its key has the focus, so that Enter stores it and follows no link that had it before.
  form.querySelectorAll("[name=verdict]").forEach((each) => each.addEventListener("click", () => each.focus({ preventScroll: true })));
  weigh();
}

// The figures of the queue, while it is looked at.
const live = document.querySelector("[data-live]");
if (live) {
  setInterval(async () => {
    if (document.hidden) { return; }
    try {
      const answer = await fetch(live.dataset.live);
      if (!answer.ok) { return; }
      const opened = live.querySelector("details")?.open;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      live.replaceChildren(...document.importNode(fresh.body, true).childNodes);
      const fold = live.querySelector("details");
      if (fold && opened !== undefined) { fold.open = opened; }
    } catch { /* the server has ended */ }
  }, 5000);
}
