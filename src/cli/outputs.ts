import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { feedsOf } from './feeds.js';
import type { Complain } from './options.js';
import type { RawOptions } from './program.js';

/** Where results go. Checked before anything is launched: a run of a minute must not end in EACCES. */
export function checkOutputs(raw: RawOptions, complain: Complain): void {
  const { output, json, markdown, html } = raw;
  if (output !== undefined) checkRunDir(output, complain);
  if (json !== undefined && json !== '-') checkFile('--json', json, complain);
  if (markdown !== undefined && markdown !== '-') checkFile('--markdown', markdown, complain);
  if (json === '-' && markdown === '-') complain('--json - and --markdown - both want stdout; give one of them a file');
  // A page goes to a browser, not through a pipe.
  if (html === '-') complain('--html needs a file; name one, such as report.html');
  else if (html !== undefined) checkFile('--html', html, complain);
  const { prometheusFile } = feedsOf(raw, complain);
  if (prometheusFile !== null) checkFile('--prometheus', prometheusFile, complain);
}

function checkRunDir(dir: string, complain: Complain): void {
  if (dir === '') return complain('--output is empty; name a folder');
  if (existsSync(dir)) {
    if (!statSync(dir).isDirectory()) return complain(`--output "${dir}" is a file; name a folder that is new or empty`);
    if (!can(dir, constants.W_OK | constants.R_OK)) return complain(`--output "${dir}" cannot be written; name another folder`);
    if (readdirSync(dir).length > 0) complain(`--output "${dir}" is not empty; name a folder that is new or empty`);
    return;
  }
  const parent = nearestExisting(dir);
  if (!statSync(parent).isDirectory()) complain(`--output "${dir}": "${parent}" is a file; name another folder`);
  else if (!can(parent, constants.W_OK)) complain(`--output "${dir}": "${parent}" cannot be written; name another folder`);
}

function checkFile(option: string, file: string, complain: Complain): void {
  if (file === '') return complain(`${option} is empty; name a file${option === '--json' || option === '--markdown' ? ', or - for stdout' : ''}`);
  if (existsSync(file)) {
    if (statSync(file).isDirectory()) complain(`${option} "${file}" is a folder; name a file`);
    else if (!can(file, constants.W_OK)) complain(`${option} "${file}" cannot be written; name another file`);
    return;
  }
  const folder = path.dirname(file);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) complain(`${option} "${file}": there is no folder "${folder}"; make it first`);
  else if (!can(folder, constants.W_OK)) complain(`${option} "${file}": "${folder}" cannot be written; name another file`);
}

function nearestExisting(dir: string): string {
  const full = path.resolve(dir);
  return existsSync(full) ? full : nearestExisting(path.dirname(full));
}

/** For root, access() says yes to all but read-only file systems; there the write itself would fail too. */
function can(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}
