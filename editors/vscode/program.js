// @ts-check
// Where a program lies. Never below the current folder: a workspace of strangers must not bring the server along.
"use strict";

const fs = require("fs");
const path = require("path");

/**
 * @param {string} named a name without a folder, or an absolute path
 * @param {Record<string, string | undefined>} env
 * @param {string} platform as `process.platform`
 * @returns {string | undefined} an absolute path
 */
function findProgram(named, env, platform) {
  if (path.isAbsolute(named)) return isProgram(named) ? named : undefined;
  if (named === "" || /[\\/]/.test(named)) return undefined;
  const folders = (env.PATH ?? env.Path ?? "").split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const ends = platform === "win32" ? [".exe"] : [""];
  return folders.flatMap((folder) => ends.map((end) => path.join(folder, named + end))).find(isProgram);
}

/** @param {string} file */
function isProgram(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

module.exports = { findProgram };
