// Plays the extension against a small stand-in for VS Code, which cannot be had here: what it starts, when, and what it says.
// Reads {extension, steps, settings, path, trusted, folder, file, checker} from standard input; writes what happened.
"use strict";
const fs = require("fs");
const Module = require("module");

const asked = JSON.parse(fs.readFileSync(0, "utf8"));
const happened = { started: [], disposed: 0, tasks: [], requests: [], shown: [], warnings: [], status: null };
const commands = new Map();
const listeners = {};
const uri = (text) => ({
  scheme: text.split(":")[0],
  path: decodeURIComponent(text.replace(/^[a-z-]+:(\/\/)?/, "")),
  fsPath: decodeURIComponent(text.replace(/^[a-z-]+:(\/\/)?/, "")),
  toString: () => text,
});
const on = (name) => (listener) => {
  listeners[name] = listener;
  return { dispose() {} };
};
const vscode = {
  EventEmitter: class {
    event() {}
    fire() {}
  },
  LanguageStatusSeverity: { Information: 0, Warning: 1, Error: 2 },
  TaskScope: { Workspace: 2 },
  TaskRevealKind: { Always: 1 },
  ViewColumn: { Beside: -2 },
  Task: class {
    constructor(definition, scope, name, source, execution) {
      Object.assign(this, { definition, scope, name, source, execution });
    }
  },
  ProcessExecution: class {
    constructor(process, args, options) {
      Object.assign(this, { process, args, options });
    }
  },
  Uri: { parse: uri, from: ({ scheme, path }) => uri(`${scheme}:${path}`) },
  commands: {
    registerCommand: (name, run) => {
      commands.set(name, run);
      return { dispose() {} };
    },
  },
  languages: {
    createLanguageStatusItem: () => (happened.status = { dispose() {} }),
    setTextDocumentLanguage: async (document, language) => ({ ...document, language }),
  },
  tasks: { executeTask: async (task) => happened.tasks.push(task) },
  window: {
    activeTextEditor: asked.file && { document: { uri: uri(asked.file) } },
    showWarningMessage: (text) => happened.warnings.push(text),
    showTextDocument: async (document) => happened.shown.push(document),
  },
  workspace: {
    isTrusted: asked.trusted,
    workspaceFolders: asked.folder && [{ uri: uri(`file://${asked.folder}`) }],
    textDocuments: [],
    getConfiguration: () => ({ get: (name, other) => asked.settings[name] ?? other }),
    openTextDocument: async (at) => ({ at: at.toString(), text: provider.provideTextDocumentContent(at) }),
    registerTextDocumentContentProvider: (_, given) => {
      provider = given;
      return { dispose() {} };
    },
    onDidCloseTextDocument: on("close"),
    onDidGrantWorkspaceTrust: on("trust"),
    onDidChangeConfiguration: on("settings"),
  },
};
let provider;
const client = {
  State: { Stopped: 1 },
  LanguageClient: class {
    constructor(id, name, server) {
      this.server = server.run;
    }
    onDidChangeState() {}
    async start() {
      happened.started.push(this.server);
      if (asked.fails) throw new Error(asked.fails);
    }
    async dispose() {
      happened.disposed += 1;
    }
    async sendRequest(method, params) {
      happened.requests.push({ method, params });
      return asked.checker;
    }
  },
};
const load = Module._load;
Module._load = (name, ...rest) =>
  name === "vscode" ? vscode : name === "vscode-languageclient/node" ? client : load(name, ...rest);
process.env.PATH = asked.path;

async function main() {
  const extension = require(asked.extension);
  await extension.activate({ subscriptions: [] });
  for (const [name, ...args] of asked.steps ?? []) {
    if (name === "trust") vscode.workspace.isTrusted = true;
    await (name === "deactivate" ? extension.deactivate() : (commands.get(name) ?? listeners[name])(...args));
  }
  process.stdout.write(JSON.stringify({ ...happened, commands: [...commands.keys()] }));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
