// Reads {packages, grammar, texts: [...]} from standard input, a text each as it is on disk; writes for every text its tokens as
// [start, end, scopes], in UTF-16 units. The engine is the one that editors use.
"use strict";
const fs = require("fs");
const { createRequire } = require("module");

async function main() {
  const asked = JSON.parse(fs.readFileSync(0, "utf8"));
  const load = createRequire(asked.packages + "/");
  const { Registry, INITIAL, parseRawGrammar } = load("vscode-textmate");
  const oniguruma = load("vscode-oniguruma");
  const wasm = fs.readFileSync(load.resolve("vscode-oniguruma/release/onig.wasm"));
  await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
  const registry = new Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (sources) => new oniguruma.OnigScanner(sources),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async (scope) =>
      scope === "source.claw" ? parseRawGrammar(fs.readFileSync(asked.grammar, "utf8"), "claw.json") : null,
  });
  const grammar = await registry.loadGrammar("source.claw");
  const all = asked.texts.map((text) => {
    const tokens = [];
    let stack = INITIAL;
    let at = 0;
    for (const line of text.split("\n")) {
      const done = grammar.tokenizeLine(line, stack);
      stack = done.ruleStack;
      for (const { startIndex, endIndex, scopes } of done.tokens) {
        const end = Math.min(endIndex, line.length);
        if (end > startIndex) tokens.push([at + startIndex, at + end, scopes.slice(1).join(" ")]);
      }
      at += line.length + 1;
    }
    return tokens;
  });
  process.stdout.write(JSON.stringify(all));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
