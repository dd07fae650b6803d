"use strict";
// A proof as it comes: what is tried, what became of each mutant, the matrix of checks and operators, the card.
(() => {
  const { el, plural, said, diff, region, problem } = window.claw;
  const SAYS = {
    survived: ["accepted, but wrong", "bad"], rejected: ["rejected, but right", "bad"], open: ["left open", "warn"], none: ["not judged yet", ""],
    killed: ["caught", "good"], kept: ["kept its score", "calm"],
  };
  const ORDER = ["survived", "rejected", "open", "none", "killed", "kept"];
  const MANY = 60;

  // All that is known of the proofs of one text, by task.
  class Proof {
    constructor() {
      this.tasks = new Map();
      this.sandbox = "";
      this.why = "";
      this.help = "";
      this.end = "";
      this.old = false; // the text has changed since
      this.trouble = null;
    }

    hear(message) {
      if (message.sandbox) { Object.assign(this, { sandbox: message.sandbox, why: message.why ?? "", help: message.help ?? "" }); }
      if (message.end) { Object.assign(this, { end: message.end, trouble: message.trouble ?? null }); }
      if (!message.task) { return; }
      if (!this.tasks.has(message.task)) { this.tasks.set(message.task, { plan: null, statuses: [], done: 0, card: null, found: [], real: null }); }
      const task = this.tasks.get(message.task);
      if (message.plan) { task.plan = message.plan; task.statuses = message.plan.mutants.map(() => ({ status: "none", lost: [] })); }
      if (message.judged) {
        for (const [number, status, lost] of message.judged) { task.statuses[number] = { status, lost }; }
        task.done = message.done;
      }
      if (message.card) { task.card = message.card; task.found = message.found; }
      if (message.real) { task.real = message.real; }
    }

    // How many mutants have come out as they should, of those that were tried; null before anything is known.
    get figures() {
      const all = [...this.tasks.values()].flatMap((task) => task.statuses);
      if (!all.length) { return null; }
      const count = (...names) => all.filter((each) => names.includes(each.status)).length;
      return { all: all.length, right: count("killed", "kept"), wrong: count("survived", "rejected"), open: count("open") };
    }
  }

  function matrix(task) {
    const met = new Map();
    task.plan.mutants.forEach((mutant, n) => {
      const { status, lost } = task.statuses[n];
      if (mutant.kind !== "wrong" || (status !== "killed" && status !== "survived")) { return; }
      if (!met.has(mutant.operator)) { met.set(mutant.operator, { all: 0, survived: 0, by: new Map() }); }
      const row = met.get(mutant.operator);
      row.all += 1;
      row.survived += status === "survived";
      for (const name of lost) { row.by.set(name, (row.by.get(name) ?? 0) + 1); }
    });
    const rows = [...met].sort((a, b) => b[1].survived - a[1].survived || (a[0] < b[0] ? -1 : 1));
    const cell = (row, name) => el("td", { class: "n" }, row.by.has(name) ? el("b", { class: "hit" }, String(row.by.get(name))) : el("span", { class: "soft" }, "·"));
    return region("Kill matrix", el("table", { class: "matrix" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "operator"), el("th", { scope: "col", class: "n" }, "tried"), el("th", { scope: "col", class: "n" }, "accepted"),
        task.plan.checks.map((name) => el("th", { scope: "col", class: "n" }, name)))),
      el("tbody", {}, rows.map(([operator, row]) => el("tr", { class: row.survived ? "short" : null }, el("th", { scope: "row" }, operator.replaceAll("_", " ")),
        el("td", { class: "n" }, String(row.all)), el("td", { class: row.survived ? "n bad" : "n" }, String(row.survived)), task.plan.checks.map((name) => cell(row, name)))))));
  }

  function mutant(each, n, { status, lost }) {
    const [says, look] = SAYS[status];
    const by = status === "killed" || status === "rejected" ? ` by ${lost.join(", ")}` : "";
    const head = [el("span", { class: `tag ${look}` }, says + by), " ", ...said(each.what),
      el("span", { class: "soft small" }, said([each.operator.replaceAll("_", " "), each.place, each.deliverable].filter(Boolean).join(" · ")))];
    return el("li", { class: `mutant ${status}` }, each.difference
      ? el("details", { "data-name": `mutant ${n}` }, el("summary", {}, head), diff(each.difference)) : el("p", {}, head));
  }

  // Lists of those that came out wrong, and of all others.
  function mutants(task) {
    const numbers = task.plan.mutants.map((_, n) => n).sort((a, b) => ORDER.indexOf(task.statuses[a].status) - ORDER.indexOf(task.statuses[b].status) || a - b);
    const row = (n) => mutant(task.plan.mutants[n], n, task.statuses[n]);
    const against = (n) => task.statuses[n].status === "survived" || task.statuses[n].status === "rejected";
    const list = (listed, name) => {
      const rest = listed.slice(MANY);
      return [el("ul", { class: "mutants" }, listed.slice(0, MANY).map(row)),
        rest.length ? el("details", { "data-name": name }, el("summary", {}, `${rest.length} more`), el("ul", { class: "mutants" }, rest.map(row))) : null];
    };
    const wrong = numbers.filter(against);
    const others = numbers.filter((n) => !against(n));
    return { wrong: wrong.length ? [el("h2", {}, "Answers that came out wrong"), ...list(wrong, "rest of wrong")] : [], others: [el("h2", {}, "Mutants"), ...list(others, "rest")] };
  }

  function figures(task) {
    const count = (kind, ...names) => task.statuses.filter((each, n) => task.plan.mutants[n].kind === kind && names.includes(each.status)).length;
    const wrong = task.plan.mutants.filter((each) => each.kind === "wrong").length;
    const one = (name, figure, detail, bad) => el("div", {}, el("dt", {}, name), el("dd", { class: bad ? "figure bad" : "figure" }, figure), el("dd", { class: "detail" }, detail));
    const survived = count("wrong", "survived");
    const rejected = count("equivalent", "rejected");
    return el("dl", { class: "cards" },
      one("Wrong answers", `${count("wrong", "killed")}/${wrong}`, "caught"),
      one("Survivors", String(survived), "wrong, accepted", survived > 0),
      one("Equal answers", `${count("equivalent", "kept")}/${task.plan.mutants.length - wrong}`, "kept their score", rejected > 0),
      one("Bound", task.card ? `${(Number(task.card.bound) * 100).toFixed(1)} %` : "…", "may be accepted (95 %)"));
  }

  function verdict(proof, task) {
    if (!task.card) { return null; }
    const against = task.real?.disagreed.length > 0;
    const clean = task.card.clean && !against;
    const waits = proof.sandbox === "runs" && !task.real;
    const look = waits && clean ? "calm" : clean ? "good" : "bad";
    const says = clean ? (waits ? "clean so far" : "clean") : "not clean";
    const reasons = [...task.card.reasons, ...(task.real?.disagreed ?? []).map((each) => `the emitted checker judges otherwise: ${each}`)];
    return el("div", { class: "verdict" }, el("p", {}, el("span", { class: `tag ${look}` }, says), " ",
      waits ? "The emitted checker runs in a sandbox…" : task.real ? `The emitted checker ran on ${plural(task.real.runs, "workspace")} in a sandbox${against ? "." : " and says the same."}` : ""),
      reasons.length ? el("ul", { class: "reasons" }, reasons.map((each) => el("li", {}, said(each)))) : null);
  }

  function probes(card) {
    if (!card?.probes.length) { return null; }
    return el("details", { "data-name": "probes" }, el("summary", {}, `${plural(card.probes.length, "answer")} without content`),
      region("Answers without content", el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "answer"), el("th", { scope: "col", class: "n" }, "earned"), el("th", { scope: "col" }, "passed"))),
        el("tbody", {}, card.probes.map((each) => el("tr", {}, el("th", { scope: "row" }, each.name), el("td", { class: each.good ? "n" : "n bad" }, each.score), el("td", { class: "text" }, each.passed.join(", "))))))));
  }

  // The panel of one task.
  function panel(proof, name, go) {
    if (proof === null) { return [el("p", { class: "empty" }, "Nothing is proved until the text compiles.")]; }
    const made = [];
    if (proof.old) { made.push(el("p", { class: "notice" }, "This is the proof of an earlier text.")); }
    if (proof.trouble) { made.push(el("div", { class: "notice bad" }, el("p", {}, proof.trouble.message), el("p", { class: "soft" }, proof.trouble.help))); }
    if (proof.sandbox === "none") {
      made.push(el("div", { class: "notice" }, el("p", {}, `No sandbox works here, so the emitted checker was not run: ${proof.why}`), proof.help ? el("p", {}, proof.help) : null,
        el("p", { class: "soft" }, "What the compiler judges itself is shown. `clawc doctor` says more.")));
    }
    const task = proof.tasks.get(name);
    if (!task) {
      made.push(el("p", { class: "empty" }, proof.end ? "There is no proof of this task." : "The proof begins…"));
      return made;
    }
    if (!task.plan) {
      if (task.card) { made.push(verdict(proof, task)); }
      return made;
    }
    if (!task.card && !proof.end) {
      made.push(el("div", { class: "progress" }, el("progress", { max: task.plan.cases, value: task.done, "aria-label": "Workspaces judged" }), el("span", { class: "soft small" }, `${task.done} of ${task.plan.cases} workspaces judged`)));
    }
    const { wrong, others } = mutants(task);
    made.push(verdict(proof, task), figures(task), ...wrong);
    if (task.found.length) { made.push(el("h2", {}, "Findings"), el("ul", { class: "problems" }, task.found.map((fault) => problem(fault, go, null)))); }
    made.push(el("h2", {}, "Kill matrix"), el("p", { class: "soft small" }, "Wrong answers by what was done to the right one: how many were tried, how many got through, and which check caught how many."), matrix(task));
    made.push(probes(task.card), ...others);
    return made;
  }

  Object.assign(window.claw, { Proof, proofPanel: panel });
})();
