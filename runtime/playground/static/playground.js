"use strict";
// The page: what is typed goes to the server after a pause, and only the newest answer is shown.
document.addEventListener("DOMContentLoaded", () => {
  const { Editor, Proof, plural } = window.claw;
  const PAUSE_MS = 150;
  const QUIET_MS = 800;
  const KEYS = ["problems", "instruction", "checker", "workspace", "proof"];
  const LARGEST = 2 * 1024 * 1024;
  const get = (id) => document.getElementById(id);
  const tab = Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join("-");
  const state = {
    seq: 0, name: "", stamp: "", saved: "", opened: false, example: "", answer: null, tasks: [], stale: false, shown: "problems",
    proof: null, checking: null, proving: null, pause: 0, quiet: 0, frame: 0,
  };
  const editor = new Editor(get("editor"), changed, (line, column) => { get("place").textContent = `line ${line}, column ${column}`; });

  class Refused extends Error {}

  async function asked(path, body, signal) {
    const init = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal };
    let answer;
    try { answer = await fetch(path, init); } catch (error) {
      if (error.name === "AbortError") { throw error; }
      throw new Refused("clawc does not answer; was it ended?");
    }
    if (answer.headers.get("Content-Type")?.startsWith("application/x-ndjson")) { return answer; }
    const said = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : { error: (await answer.text()).trim() };
    if (said.superseded) { throw new DOMException("a newer text has come", "AbortError"); }
    if (!answer.ok) { throw Object.assign(new Refused([said.error, said.help].filter(Boolean).join("; ")), said); }
    return said;
  }

  function say(text, look = "") {
    const status = get("status");
    status.textContent = text;
    status.className = `status ${look}`;
  }

  // An error that was foreseen is said; that a newer text has come is no error.
  async function tried(work) {
    try { await work(); } catch (error) {
      if (error.name === "AbortError") { return; }
      say(error.message, "bad");
      if (!(error instanceof Refused)) { throw error; }
    }
  }

  function changed() {
    const text = editor.text;
    state.checking?.abort();
    endProof();
    clearTimeout(state.pause);
    clearTimeout(state.quiet);
    mark();
    if (text.length > LARGEST) { say("This text is larger than 2 MiB, which no source may be.", "bad"); return; }
    state.pause = setTimeout(() => tried(check), PAUSE_MS);
  }

  function mark() {
    const dirty = state.name !== "" && editor.text !== state.saved;
    get("where").textContent = (state.name || "unsaved") + (dirty ? " •" : "");
    document.title = `${dirty ? "• " : ""}${state.name || "Playground"} – clawc`;
    const save = get("save");
    if (save) { save.disabled = !dirty; }
  }

  function job() { return { tab, seq: state.seq, name: state.name, text: editor.text }; }

  async function check() {
    const begun = performance.now();
    const seq = ++state.seq;
    state.checking = new AbortController();
    const slow = setTimeout(() => say("Compiling…"), 300);
    let answer;
    try { answer = await asked("/api/check", job(), state.checking.signal); } finally { clearTimeout(slow); }
    if (seq !== state.seq) { return; }
    state.answer = answer;
    underline();
    state.stale = !answer.tasks?.length && state.tasks.length > 0;
    if (answer.tasks?.length) { state.tasks = answer.tasks; }
    const errors = (answer.found ?? []).filter((each) => each.severity === "error").length;
    const warnings = (answer.found ?? []).length - errors;
    const counts = [errors ? plural(errors, "error") : "", warnings ? plural(warnings, "warning") : ""].filter(Boolean).join(", ");
    if (answer.trouble) { say(answer.trouble.message, "bad"); }
    else { say(counts || (seq > 1 ? `Compiled in ${Math.round(performance.now() - begun)} ms` : "Compiled"), errors ? "bad" : warnings ? "warn" : "good"); }
    get("count-problems").textContent = errors + warnings ? String(errors + warnings) : "";
    get("count-problems").className = `count ${errors ? "bad" : "warn"}`;
    choices();
    show();
    if (answer.tasks?.length) { state.quiet = setTimeout(() => tried(prove), Math.max(0, QUIET_MS - (performance.now() - begun) - PAUSE_MS)); }
  }

  // What the check says, and what the proof of this very text says.
  function underline() {
    const proved = state.proof && !state.proof.old ? [...state.proof.tasks.values()].flatMap((each) => each.found) : [];
    editor.show(state.answer?.marks ?? [], [...(state.answer?.found ?? []), ...proved]);
  }

  function endProof() {
    state.proving?.abort();
    state.proving = null;
    if (state.proof && !state.proof.end) { state.proof = null; }
    if (state.proof) { state.proof.old = true; }
    draw();
  }

  async function prove() {
    endProof();
    clearTimeout(state.quiet);
    const proof = state.proof = new Proof();
    const control = state.proving = new AbortController();
    draw();
    const answer = await asked("/api/prove", job(), control.signal);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    while (true) {
      const { value, done } = await reader.read().catch((error) => { throw error.name === "AbortError" ? error : new Refused("the connection to clawc was lost"); });
      if (done) { break; }
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) { proof.hear(JSON.parse(line)); }
      if (state.proof === proof) {
        underline();
        draw();
      }
    }
    if (state.proof === proof && !proof.end) { proof.end = "stopped"; draw(); }
  }

  async function format() {
    const text = editor.text;
    const answer = await asked("/api/format", job());
    if (editor.text !== text) { return; }
    if (answer.trouble) { say(answer.trouble.message, "bad"); }
    else if (answer.left) { say(`Left as it is: ${answer.left}`, "warn"); }
    else if (answer.text === text) { say("It is in its layout already.", "good"); }
    else { editor.become(answer.text); }
  }

  async function save() {
    if (!state.name) { say("Only a file that clawc was started with can be saved.", "warn"); return; }
    const { name } = state;
    const text = editor.text;
    try {
      const answer = await asked("/api/save", { name, text, stamp: state.stamp });
      if (state.name === name) { Object.assign(state, { stamp: answer.stamp, saved: text }); }
      say("Saved.", "good");
    } finally { mark(); }
  }

  function take(opened) {
    endProof();
    Object.assign(state, { name: opened.name, stamp: opened.stamp, saved: opened.text, tasks: [], answer: null, stale: false, proof: null });
    editor.open(opened.text);
    get("another").hidden = !state.example || state.example.startsWith("starter");
    mark();
    clearTimeout(state.pause);
    state.checking?.abort();
    return check();
  }

  const leaves = () => editor.text === state.saved || confirm("What was not saved will be lost.");

  // Panels
  function task() { return state.tasks[Math.min(get("task").selectedIndex < 0 ? 0 : get("task").selectedIndex, state.tasks.length - 1)]; }

  function choices() {
    const select = get("task");
    const before = select.selectedIndex;
    select.replaceChildren(...state.tasks.map((each) => claw.el("option", {}, each.name)));
    select.selectedIndex = Math.min(Math.max(before, 0), state.tasks.length - 1);
    get("which").hidden = state.tasks.length < 2;
  }

  const go = (fault) => editor.go(fault.start, fault.end);
  const mend = (fix) => { editor.replace(fix.start, fix.end, fix.text); };

  function show() {
    const now = task();
    const none = [claw.el("p", { class: "empty" }, "It is here as soon as the text compiles.")];
    get("panel-problems").replaceChildren(...claw.problems(state.answer ?? {}, go, mend).filter(Boolean), ...(now && !state.stale ? claw.overview(now).filter(Boolean) : []));
    for (const key of ["instruction", "checker", "workspace"]) { get(`panel-${key}`).replaceChildren(...(now ? claw[key](now) : none).filter(Boolean)); }
    get("stale").hidden = !(state.stale && state.shown !== "problems" && state.shown !== "proof");
    draw();
  }

  // The proof comes in many pieces: it is drawn once a frame at most, and what was opened stays open.
  function draw() {
    if (state.frame) { return; }
    state.frame = requestAnimationFrame(() => {
      state.frame = 0;
      const count = get("count-proof");
      const figures = state.proof?.old ? null : state.proof?.figures;
      count.textContent = figures ? `${figures.right}/${figures.all}` : "";
      count.className = `count ${figures?.wrong ? "bad" : figures?.open ? "warn" : "good"}`;
      const panel = get("panel-proof");
      const opened = new Set([...panel.querySelectorAll("details[open]")].map((each) => each.dataset.name));
      panel.replaceChildren(...claw.proofPanel(state.proof, task()?.name ?? "", go).filter(Boolean));
      for (const each of panel.querySelectorAll("details")) { if (opened.has(each.dataset.name)) { each.open = true; } }
    });
  }

  function choose(key, focus) {
    state.shown = key;
    for (const each of KEYS) {
      const button = get(`tab-${each}`);
      button.setAttribute("aria-selected", String(each === key));
      button.tabIndex = each === key ? 0 : -1;
      get(`panel-${each}`).hidden = each !== key;
    }
    get("stale").hidden = !(state.stale && key !== "problems" && key !== "proof");
    if (focus) { get(`tab-${key}`).focus(); }
    get(`tab-${key}`).scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  for (const key of KEYS) { get(`tab-${key}`).addEventListener("click", () => choose(key, false)); }
  document.querySelector(".tabs").addEventListener("keydown", (event) => {
    const at = KEYS.indexOf(state.shown);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: KEYS.length - 1 }[event.key];
    if (to === undefined) { return; }
    event.preventDefault();
    choose(KEYS[(to + KEYS.length) % KEYS.length], true);
  });
  get("task").addEventListener("change", show);
  get("format").addEventListener("click", () => tried(format));
  get("save")?.addEventListener("click", () => tried(save));
  const proving = () => { choose("proof", false); tried(state.answer?.tasks?.length ? prove : check); };
  get("prove").addEventListener("click", proving);
  get("file")?.addEventListener("change", (event) => tried(async () => {
    if (!leaves()) { event.target.value = state.name; return; }
    state.example = "";
    await take(await asked(`/api/file?name=${encodeURIComponent(event.target.value)}`));
  }));
  const draws = (key, number) => tried(async () => {
    const found = await asked(`/api/example?key=${encodeURIComponent(key)}&number=${number}`);
    state.example = key;
    await take(found);
  });
  get("example").addEventListener("change", (event) => {
    const key = event.target.value;
    event.target.value = "";
    if (key && leaves()) { draws(key, 0); }
  });
  get("another").addEventListener("click", () => { draws(state.example, Math.floor(Math.random() * 1000000)); });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) { return; }
    if (event.key === "s") { event.preventDefault(); tried(save); }
    if (event.key === "Enter") { event.preventDefault(); proving(); }
  });
  window.addEventListener("beforeunload", (event) => { if (editor.text !== state.saved) { event.preventDefault(); } });
  tried(async () => take(await asked("/api/start")));
});
