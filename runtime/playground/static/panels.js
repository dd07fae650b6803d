"use strict";
// What a text gives, as elements. Whatever comes from a spec is put in as text, never as markup.
(() => {
  function el(tag, given = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(given)) {
      if (value === null || value === undefined || value === false) { continue; }
      if (name === "class") { made.className = value; }
      else if (name.startsWith("on")) { made.addEventListener(name.slice(2), value); }
      else { made.setAttribute(name, value === true ? "" : value); }
    }
    made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  }

  // What is said of a text, with what stands between backticks as code.
  function said(text) {
    const parts = text.split("`");
    return parts.length % 2 ? parts.map((part, n) => (n % 2 ? el("code", {}, part) : part)) : [text];
  }

  function diff(text) {
    const kind = (line) => (line.startsWith("@@") || line.startsWith("---") || line.startsWith("+++") ? "hunk" : line[0] === "+" ? "added" : line[0] === "-" ? "removed" : null);
    return el("div", { class: "diff" }, text.split("\n").map((line) => el("div", { class: kind(line) }, line || " ")));
  }

  // One line of help, and an answer that shows what is meant.
  function helped(text) {
    const at = text.indexOf("\n");
    return at < 0 ? [el("p", { class: "soft" }, said(text))] : [el("p", { class: "soft" }, said(text.slice(0, at))), diff(text.slice(at + 1))];
  }

  const plural = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
  const bytes = (size) => (size < 1024 ? `${size} B` : size < 1048576 ? `${(size / 1024).toFixed(1)} KiB` : `${(size / 1048576).toFixed(1)} MiB`);

  // A text that scrolls by itself, so that a keyboard has to reach it.
  function region(label, ...children) {
    return el("div", { class: "scroll", role: "region", "aria-label": label, tabindex: "0" }, ...children);
  }

  const source = (label, text, more = "") => el("pre", { class: `source${more}`, role: "region", "aria-label": label, tabindex: "0" }, text);

  // A text with the colours of its marks.
  function coloured(text, marks) {
    const made = [];
    let at = 0;
    for (const [start, end, kind] of marks) {
      made.push(text.slice(at, start), el("span", { class: `t-${kind}` }, text.slice(start, end)));
      at = end;
    }
    return [...made, text.slice(at)];
  }

  function copying(text) {
    const button = el("button", { type: "button", class: "ghost", onclick: async () => {
      try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; }
      catch { button.textContent = "Not allowed"; }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    } }, "Copy");
    return button;
  }

  // One problem: where it is, what it says, what helps; a fix is applied by a click.
  function problem(fault, go, mend) {
    const where = fault.path ? `${fault.path}:${fault.line}` : `line ${fault.line}, column ${fault.column}`;
    return el("li", { class: `problem ${fault.severity}` },
      el("p", { class: "head" },
        el("span", { class: `tag ${fault.severity === "error" ? "bad" : "warn"}` }, fault.code), " ",
        fault.start === null ? el("span", { class: "soft small" }, where)
          : el("button", { type: "button", class: "link", onclick: () => go(fault) }, where)),
      el("p", { class: "says" }, said(fault.message)),
      ...(fault.help ? helped(fault.help) : []),
      fault.why ? el("p", { class: "soft" }, `Allowed: ${fault.why}`) : null,
      fault.fix && mend ? el("button", { type: "button", class: "fix", onclick: () => mend(fault.fix) }, "Fix: ", ...said(fault.fix.title)) : null,
      fault.explained ? el("details", {}, el("summary", { class: "soft small" }, "Why"), el("p", { class: "small explained" }, said(fault.explained))) : null);
  }

  function problems(answer, go, mend) {
    const made = [];
    if (answer.trouble) {
      made.push(el("div", { class: "notice bad" }, el("p", {}, answer.trouble.message), el("p", { class: "soft" }, answer.trouble.help)));
    }
    const found = answer.found ?? [];
    if (found.length) { made.push(el("ul", { class: "problems" }, found.map((fault) => problem(fault, go, mend)))); }
    else if (!answer.trouble) { made.push(el("p", { class: "fine" }, "Nothing found.")); }
    if (answer.allowed?.length) {
      made.push(el("details", {}, el("summary", {}, `${plural(answer.allowed.length, "warning")} allowed in the text`),
        el("ul", { class: "problems" }, answer.allowed.map((fault) => problem(fault, go, null)))));
    }
    return made;
  }

  // What is scored, and what has to be delivered.
  function overview(task) {
    const waits = task.checks.some((check) => check.after.length);
    const row = (check) => el("tr", {}, el("th", { scope: "row" }, check.name), el("td", {}, check.kind), el("td", { class: "n" }, check.weight),
      waits ? el("td", {}, check.after.join(", ")) : null);
    return [
      el("h2", {}, task.title || task.name),
      el("p", { class: "soft small" }, `Task ${task.name}, ${plural(task.checks.length, "check")}, oracle ${task.oracle}`,
        task.seed === null ? "" : `, instance of seed ${task.seed}`, `, bundle ${task.id.slice(0, 12)}`),
      task.params.length ? el("p", { class: "soft small" }, `Drawn: ${task.params.map(([name, value]) => `${name} = ${value}`).join(", ")}`) : null,
      el("h3", {}, "Scored"),
      region("Checks", el("table", {}, el("thead", {}, el("tr", {}, ...["check", "kind", "weight", ...(waits ? ["after"] : [])].map((name, n) =>
        el("th", { scope: "col", class: n === 2 ? "n" : null }, name)))), el("tbody", {}, task.checks.map(row)))),
      task.delivers.length ? el("h3", {}, "Delivered") : null,
      task.delivers.length ? region("Deliverables", el("table", {}, el("thead", {}, el("tr", {}, ...["name", "path", "kind"].map((name) => el("th", { scope: "col" }, name)))),
        el("tbody", {}, task.delivers.map((each) => el("tr", {}, el("th", { scope: "row" }, each.name), el("td", {}, el("code", {}, each.path)), el("td", {}, each.kind)))))) : null,
    ];
  }

  function instruction(task) {
    const turn = (text, n) => [task.turns.length > 1 ? el("h3", {}, n ? `Turn ${n + 1}` : "At first") : null, el("pre", { class: "prose" }, text)];
    return [...task.turns.flatMap(turn), ...overview(task)];
  }

  function checker(task) {
    const whole = task.library + task.checker;
    return [
      el("div", { class: "row" }, el("p", { class: "soft small" }, `check.py: ${plural(whole.split("\n").length - 1, "line")}; the part that is about this task`), copying(whole)),
      source("check.py", coloured(task.checker, task.checker_marks)),
      task.library ? el("details", {}, el("summary", {}, "The library above it"), source("Library", task.library)) : null,
    ];
  }

  const GROUPS = [
    ["workspace", "What the agent finds"], ["expected", "What is expected: the files of the oracle"],
    ["rubric", "Rubric"], ["vendored", "Beside the checker"],
  ];

  function file(each, open) {
    return el("details", { class: "file", open }, el("summary", {}, el("code", {}, each.path), " ", el("span", { class: "soft small" }, bytes(each.size), each.binary ? ", no text" : "")),
      each.text ? source(each.path, each.text, each.binary ? " hex" : "") : el("p", { class: "soft" }, "Empty."),
      each.cut ? el("p", { class: "soft small" }, "Cut here.") : null);
  }

  function step(each) {
    const what = each.op === "run" ? each.argv.join(" ") : each.op === "say" ? each.text : each.path;
    return el("li", {}, el("span", { class: "tag" }, each.op), " ", el("code", {}, what));
  }

  function workspace(task) {
    const made = [];
    for (const [group, title] of GROUPS) {
      const files = task.files.filter((each) => each.group === group);
      if (files.length) {
        made.push(el("h2", {}, title), ...files.map((each, n) => file(each, n < 3 && group !== "vendored")));
      } else if (group === "expected") { made.push(el("h2", {}, title), el("p", { class: "soft" }, "It leaves no files.")); }
    }
    if (task.links.length) {
      made.push(el("h2", {}, "Links"), el("ul", { class: "steps" }, task.links.map(([from, to]) => el("li", {}, el("code", {}, `${from} → ${to}`)))));
    }
    if (task.steps.length) { made.push(el("h2", {}, "What the oracle does"), el("ol", { class: "steps" }, task.steps.map(step))); }
    return made;
  }

  Object.assign(window.claw, { el, plural, said, diff, region, problem, problems, overview, instruction, checker, workspace });
})();
