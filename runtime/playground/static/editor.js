"use strict";
// A text area with a coloured layer behind it. Offsets are those of the text area; the layer is made of text nodes only.
(() => {
  const OPENING = { "{": "}", "(": ")", "[": "]" };
  const CLOSING = { "}": "{", ")": "(", "]": "[" };
  const COLOURED = 200000;
  const LINE = 20; // pixels, as in the style
  const LETTER = 7.5;

  // Where two texts differ: from `start`, up to `before` in the old and `after` in the new one.
  function difference(old, now) {
    let start = 0;
    const most = Math.min(old.length, now.length);
    while (start < most && old.charCodeAt(start) === now.charCodeAt(start)) { start++; }
    let tail = 0;
    while (tail < most - start && old.charCodeAt(old.length - 1 - tail) === now.charCodeAt(now.length - 1 - tail)) { tail++; }
    return { start, before: old.length - tail, after: now.length - tail };
  }

  // What is marked moves with the text; what was cut is no longer marked.
  function moved(ranges, cut) {
    const by = cut.after - cut.before;
    const found = [];
    for (const range of ranges) {
      if (range.end <= cut.start) { found.push(range); }
      else if (range.start >= cut.before) { found.push({ ...range, start: range.start + by, end: range.end + by }); }
      else if (range.start < cut.start && range.end > cut.before) { found.push({ ...range, end: range.end + by }); }
    }
    return found;
  }

  class Editor {
    constructor(root, changed, placed) {
      this.root = root;
      this.area = root.querySelector("textarea");
      this.layer = root.querySelector(".layer");
      this.gutter = root.querySelector(".gutter");
      this.changed = changed;
      this.placed = placed;
      this.last = "";
      this.marks = [];
      this.faults = [];
      this.pair = [];
      this.area.addEventListener("input", () => this.typed());
      this.area.addEventListener("keydown", (event) => this.pressed(event));
      document.addEventListener("selectionchange", () => {
        if (document.activeElement === this.area) { this.caret(); }
      });
      root.addEventListener("mousedown", (event) => {
        if (event.target === root || event.target === this.gutter) { event.preventDefault(); this.area.focus(); }
      });
    }

    get text() { return this.area.value; }

    // Another text, as a file that was opened: nothing can be undone to what was there.
    open(text) {
      this.area.value = text;
      this.last = this.area.value;
      this.marks = [];
      this.faults = [];
      this.pair = [];
      this.render();
      this.area.setSelectionRange(0, 0);
      this.root.scrollTo(0, 0);
    }

    // A part of the text is replaced, so that it can be undone.
    replace(start, end, text) {
      this.area.focus({ preventScroll: true });
      this.area.setSelectionRange(start, end);
      const done = text ? document.execCommand("insertText", false, text) : start === end || document.execCommand("delete");
      if (!done) {
        this.area.setRangeText(text, start, end, "end");
        this.typed();
      }
    }

    // Only what differs is replaced, so that the caret stays where it is.
    become(text) {
      const cut = difference(this.text, text);
      if (this.text === text) { return; }
      const caret = this.area.selectionStart;
      this.replace(cut.start, cut.before, text.slice(cut.start, cut.after));
      const at = caret <= cut.start ? caret : Math.min(text.length, Math.max(cut.start, caret + cut.after - cut.before));
      this.area.setSelectionRange(at, at);
    }

    go(offset, end) {
      this.area.focus({ preventScroll: true });
      this.area.setSelectionRange(offset, Math.max(offset, end ?? offset));
      const line = this.text.slice(0, offset).split("\n").length - 1;
      const top = line * LINE;
      if (top < this.root.scrollTop || top > this.root.scrollTop + this.root.clientHeight - 3 * LINE) {
        this.root.scrollTop = Math.max(0, top - this.root.clientHeight / 3);
      }
      this.root.scrollLeft = 0;
      this.root.scrollIntoView({ block: "nearest" });
    }

    // Marks and faults of the very text that is there: [start, end, kind] and objects with start, end, severity.
    show(marks, faults) {
      this.marks = marks.map(([start, end, kind]) => ({ start, end, kind }));
      this.faults = faults.filter((fault) => fault.start !== null).map(({ start, end, severity }) => ({ start, end, severity }));
      this.render();
    }

    typed() {
      const now = this.text;
      const cut = difference(this.last, now);
      this.last = now;
      this.marks = moved(this.marks, cut);
      this.faults = moved(this.faults, cut);
      this.pair = [];
      this.render();
      this.changed();
    }

    caret() {
      const at = this.area.selectionStart;
      const before = this.text.lastIndexOf("\n", at - 1);
      this.placed(this.text.slice(0, at).split("\n").length, at - before);
      // The numbers of lines would cover the caret.
      const left = (at - before - 2) * LETTER;
      if (left < this.root.scrollLeft) { this.root.scrollLeft = Math.max(0, left); }
      const pair = this.area.selectionEnd === at ? this.pairAt(at) ?? this.pairAt(at - 1) ?? [] : [];
      if (String(pair) !== String(this.pair)) {
        this.pair = pair;
        this.render();
      }
    }

    // Marks stand in their order and do not overlap.
    inText(at) {
      let [low, high] = [0, this.marks.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.marks[middle].end <= at) { low = middle + 1; } else { high = middle; }
      }
      const mark = this.marks[low];
      return mark !== undefined && mark.start <= at && (mark.kind === "text" || mark.kind === "comment" || mark.kind === "regex");
    }

    // Where a bracket and its other half stand, if there is one at this place.
    pairAt(at) {
      const text = this.text;
      const char = text[at];
      const other = OPENING[char] ?? CLOSING[char];
      if (other === undefined || text.length > COLOURED || this.inText(at)) { return null; }
      const step = char in OPENING ? 1 : -1;
      let depth = 0;
      for (let place = at; place >= 0 && place < text.length; place += step) {
        if ((text[place] === char || text[place] === other) && !this.inText(place)) {
          depth += text[place] === char ? 1 : -1;
          if (depth === 0) { return [at, place]; }
        }
      }
      return null;
    }

    pressed(event) {
      if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) { return; }
      const { selectionStart: start, selectionEnd: end } = this.area;
      const text = this.text;
      const key = event.key;
      const take = (from, to, put, caret) => {
        event.preventDefault();
        this.replace(from, to, put);
        if (caret !== undefined) { this.area.setSelectionRange(caret, caret); }
      };
      if (key === "Tab") {
        event.preventDefault();
        if (event.shiftKey || text.slice(start, end).includes("\n")) { this.indent(start, end, event.shiftKey ? -1 : 1); }
        else { this.replace(start, end, "  "); }
      } else if (key === "Enter" && !event.shiftKey) {
        const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
        const margin = /^[ \t]*/.exec(line)[0];
        const opened = OPENING[line.trimEnd().slice(-1)];
        const deeper = margin + (opened ? "  " : "");
        const closes = opened && text[end] === opened;
        take(start, end, `\n${deeper}${closes ? `\n${margin}` : ""}`, start + 1 + deeper.length);
      } else if (key in OPENING && !this.inText(start)) {
        if (start !== end) {
          take(start, end, key + text.slice(start, end) + OPENING[key]);
          this.area.setSelectionRange(start + 1, end + 1);
        } else if (/^[\s)}\]]?$/.test(text[start] ?? "")) { take(start, end, key + OPENING[key], start + 1); }
      } else if (key in CLOSING && start === end && text[start] === key && !this.inText(start)) {
        event.preventDefault();
        this.area.setSelectionRange(start + 1, start + 1);
      } else if (key === "Backspace" && start === end && OPENING[text[start - 1]] === text[start] && text[start] && !this.inText(start)) {
        take(start - 1, start + 1, "");
      }
    }

    // All lines of a selection go in or out by two.
    indent(start, end, by) {
      const first = this.text.lastIndexOf("\n", start - 1) + 1;
      const last = end > start && this.text[end - 1] === "\n" ? end - 1 : end;
      const stop = this.text.indexOf("\n", last) < 0 ? this.text.length : this.text.indexOf("\n", last);
      const old = this.text.slice(first, stop);
      const now = by > 0 ? old.replace(/^(?=[^\n])/gm, "  ") : old.replace(/^(?: {1,2}|\t)/gm, "");
      if (now === old) { return; }
      this.replace(first, stop, now);
      if (start === end) {
        const at = Math.max(first, start + now.length - old.length);
        this.area.setSelectionRange(at, at);
      } else { this.area.setSelectionRange(first, first + now.length); }
    }

    render() {
      const text = this.text;
      const plain = text.length > COLOURED;
      this.root.classList.toggle("plain", plain);
      // A last line without characters would have no height.
      this.layer.replaceChildren(...(plain ? [document.createTextNode(text)] : this.pieces(text)), document.createTextNode("\n "));
      this.number(text);
    }

    // The text in pieces of one look each.
    pieces(text) {
      const at = new Set([0, text.length]);
      const ranges = [...this.marks, ...this.faults.map(({ start, end, severity }) => ({ start, end: Math.max(end, start + 1), fault: severity })),
        ...this.pair.map((place) => ({ start: place, end: place + 1, fault: "pair" }))];
      for (const { start, end } of ranges) { at.add(Math.min(start, text.length)).add(Math.min(end, text.length)); }
      const places = [...at].sort((a, b) => a - b);
      const begins = [...ranges].sort((a, b) => a.start - b.start);
      const made = [];
      let open = [];
      let next = 0;
      for (let n = 0; n + 1 < places.length; n++) {
        const [start, end] = [places[n], places[n + 1]];
        open = open.filter((range) => range.end > start);
        while (next < begins.length && begins[next].start <= start) {
          if (begins[next].end > start) { open.push(begins[next]); }
          next++;
        }
        const piece = text.slice(start, end);
        if (!open.length) { made.push(document.createTextNode(piece)); continue; }
        const span = document.createElement("span");
        span.className = open.map((range) => (range.kind ? `t-${range.kind}` : `f-${range.fault}`)).join(" ");
        span.textContent = piece;
        made.push(span);
      }
      return made;
    }

    number(text) {
      const lines = text.split("\n").length;
      const faulty = new Map();
      let [line, place] = [1, text.indexOf("\n")];
      for (const { start, severity } of [...this.faults].sort((a, b) => a.start - b.start)) {
        for (; place >= 0 && place < start; place = text.indexOf("\n", place + 1)) { line++; }
        if (faulty.get(line) !== "error") { faulty.set(line, severity); }
      }
      const made = [];
      let from = 1;
      const upTo = (to) => {
        if (to >= from) { made.push(document.createTextNode(Array.from({ length: to - from + 1 }, (_, n) => `${from + n}\n`).join(""))); }
      };
      for (const [number, severity] of faulty) {
        upTo(number - 1);
        const span = document.createElement("span");
        span.className = `g-${severity}`;
        span.textContent = `${number}\n`;
        made.push(span);
        from = number + 1;
      }
      upTo(lines);
      this.gutter.replaceChildren(...made);
    }
  }

  window.claw = { Editor, difference };
})();
