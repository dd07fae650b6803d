// @ts-check
// The client of `clawc lsp`. Nothing is started while a workspace is not trusted, and opening a file runs nothing but the server.
"use strict";

const vscode = require("vscode");
const fs = require("fs");
const path = require("path");
const { findProgram } = require("./program");
const { LanguageClient, State } = require("vscode-languageclient/node");

const TERMINAL = "claw";
const CHECKER_SCHEME = "claw-checker";

/** @type {import("vscode-languageclient/node").LanguageClient | undefined} */
let client;
/** @type {Promise<void>} What is being started or stopped; the next one waits for it. */
let turn = Promise.resolve();
/** @type {import("vscode").LanguageStatusItem} */
let status;
/** @type {Map<string, string>} Texts of checkers by their address. */
const checkers = new Map();

/** @param {import("vscode").ExtensionContext} context */
function activate(context) {
  status = vscode.languages.createLanguageStatusItem("claw.server", { language: "claw" });
  status.name = "clawc";
  const changed = /** @type {import("vscode").EventEmitter<import("vscode").Uri>} */ (new vscode.EventEmitter());
  context.subscriptions.push(
    status,
    changed,
    vscode.workspace.registerTextDocumentContentProvider(CHECKER_SCHEME, {
      onDidChange: changed.event,
      provideTextDocumentContent: (uri) => checkers.get(uri.toString()) ?? "",
    }),
    vscode.workspace.onDidCloseTextDocument((document) => {
      if (document.uri.scheme === CHECKER_SCHEME) checkers.delete(document.uri.toString());
    }),
    vscode.commands.registerCommand("claw.run", (uri, task) => inTerminal("run", uri, task)),
    vscode.commands.registerCommand("claw.test", (uri, task) => inTerminal("test", uri, task)),
    vscode.commands.registerCommand("claw.showChecker", (uri, task) => showChecker(changed, uri, task)),
    vscode.commands.registerCommand("claw.restart", restart),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("claw.server")) return restart();
    }),
  );
  return restart();
}

function deactivate() {
  turn = turn.then(stop);
  return turn;
}

function restart() {
  turn = turn.then(stop).then(start).catch((error) => {
    say(vscode.LanguageStatusSeverity.Error, "clawc does not answer", String(error?.message ?? error));
  });
  return turn;
}

async function stop() {
  const old = client;
  client = undefined;
  await old?.dispose().catch(() => undefined); // one that has died already has nothing to say
}

async function start() {
  if (!vscode.workspace.isTrusted) {
    say(vscode.LanguageStatusSeverity.Warning, "clawc is not started", "The workspace is not trusted.", {
      title: "Trust…",
      command: "workbench.trust.manage",
    });
    return;
  }
  const program = serverProgram();
  if (program === undefined) return;
  const args = vscode.workspace.getConfiguration("claw").get("server.arguments", ["lsp"]);
  const run = { command: program, args, options: { cwd: folder() } };
  client = new LanguageClient("claw", "claw", { run, debug: run }, {
    documentSelector: [{ scheme: "file", language: "claw" }, { scheme: "untitled", language: "claw" }],
  });
  const started = client;
  started.onDidChangeState(({ newState }) => {
    if (started === client && newState === State.Stopped) {
      say(vscode.LanguageStatusSeverity.Error, "clawc has ended", "Its output says why. A click starts it again.");
    }
  });
  say(vscode.LanguageStatusSeverity.Information, "clawc is starting", program);
  await started.start();
  say(vscode.LanguageStatusSeverity.Information, "clawc", program);
}

/** The program that the settings name; says what to do where it is not there. @returns {string | undefined} */
function serverProgram() {
  const named = vscode.workspace.getConfiguration("claw").get("server.path", "clawc");
  const program = findProgram(named, process.env, process.platform);
  if (program === undefined) {
    say(
      vscode.LanguageStatusSeverity.Error,
      `${named} is not found`,
      "Install clawc (`pip install clawc`), or name its absolute path in `claw.server.path`.",
      { title: "Settings", command: "workbench.action.openSettings", arguments: ["claw.server.path"] },
    );
  }
  return program;
}

/**
 * @param {import("vscode").LanguageStatusSeverity} severity
 * @param {string} text
 * @param {string} detail
 * @param {import("vscode").Command} [command]
 */
function say(severity, text, detail, command) {
  status.severity = severity;
  status.text = text;
  status.detail = detail;
  status.command = command ?? { title: "Restart", command: "claw.restart" };
}

/** The folder of the workspace, which programs are started in; never that of a single file. */
function folder() {
  return vscode.workspace.workspaceFolders?.find((one) => one.uri.scheme === "file")?.uri.fsPath;
}

/**
 * What a code lens asks for, or else the file in front. A file that is not saved is saved first, since clawc reads it from the disk.
 * @param {unknown} uri @returns {Promise<import("vscode").Uri | undefined>}
 */
async function asked(uri) {
  if (!vscode.workspace.isTrusted) {
    vscode.window.showWarningMessage("The workspace is not trusted, so clawc is not started.");
    return undefined;
  }
  const found = typeof uri === "string" ? vscode.Uri.parse(uri, true) : vscode.window.activeTextEditor?.document.uri;
  if (found?.scheme !== "file" || path.extname(found.fsPath) !== ".claw") {
    vscode.window.showWarningMessage("Open a saved .claw file first.");
    return undefined;
  }
  const open = vscode.workspace.textDocuments.find((one) => one.uri.toString() === found.toString());
  if (open?.isDirty && !(await open.save())) return undefined;
  return found;
}

/**
 * Runs `clawc run` or `clawc test` as a process of its own in a terminal: no shell reads a path.
 * @param {"run" | "test"} verb @param {unknown} uri @param {unknown} task
 */
async function inTerminal(verb, uri, task) {
  const file = await asked(uri);
  const program = file && serverProgram();
  if (!file || !program || !fs.existsSync(file.fsPath)) return;
  const named = typeof task === "string" ? [`--task=${task}`] : []; // a lens names its task, the palette means the file
  const job = new vscode.Task(
    { type: "process" },
    vscode.TaskScope.Workspace,
    `${verb} ${path.basename(file.fsPath)}`,
    TERMINAL,
    new vscode.ProcessExecution(program, [verb, ...named, file.fsPath], { cwd: folder() ?? path.dirname(file.fsPath) }),
  );
  job.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true };
  await vscode.tasks.executeTask(job);
}

/**
 * Opens the check.py of a task, as the server compiles it, in an editor that cannot write.
 * @param {import("vscode").EventEmitter<import("vscode").Uri>} changed @param {unknown} uri @param {unknown} task
 */
async function showChecker(changed, uri, task) {
  const file = await asked(uri);
  if (!file) return;
  if (!client) {
    vscode.window.showWarningMessage(`${status.text}: ${status.detail}`);
    return;
  }
  const named = typeof task === "string" ? task : null;
  const text = await client.sendRequest("workspace/executeCommand", {
    command: "claw.checker",
    arguments: [file.toString(), named],
  });
  if (typeof text !== "string") {
    vscode.window.showWarningMessage("There is no checker: look at the problems of the file.");
    return;
  }
  const shown = vscode.Uri.from({ scheme: CHECKER_SCHEME, path: `${file.path}/${named ?? "task"}/check.py` });
  checkers.set(shown.toString(), text);
  changed.fire(shown);
  const document = await vscode.workspace.openTextDocument(shown);
  await vscode.window.showTextDocument(await vscode.languages.setTextDocumentLanguage(document, "python"), {
    viewColumn: vscode.ViewColumn.Beside,
    preserveFocus: true,
  });
}

module.exports = { activate, deactivate };
