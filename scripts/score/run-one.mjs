import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expectOf, fixtureDir, loadOptions } from './fixtures.mjs';

const BIN = fileURLToPath(new URL('../../bin/whyslow.js', import.meta.url));
/** A run of 6 s takes about 12; one that takes this long hangs. */
const MOST_S = 120;
/** whyslow waits for its target itself: this is for what it does not know of. */
const GONE_WITHIN_MS = 5000;

/**
 * Puts one fixture under the command line and gives back its report, when nothing of it is left running.
 * @param {string} id
 * @param {Parameters<typeof loadOptions>[1] & { saveTo?: string | null }} asked
 * @returns {Promise<{ report: import('./judge.mjs').Report } | { failed: string }>}
 */
export async function runOne(id, { saveTo = null, ...asked }) {
  const dir = fixtureDir(id);
  const { start, load, env } = expectOf(id);
  const scratch = mkdtempSync(join(tmpdir(), 'whyslow-score-'));
  const json = join(scratch, 'report.json');
  try {
    const { code, err } = await end(['run', '--quiet', '--json', json, ...loadOptions(load, asked), ...(saveTo === null ? [] : ['-o', saveTo]), '--', ...start], dir, env ?? {});
    const left = await leftIn(dir);
    if (code !== 0) return { failed: `exit code ${code}: ${err.trim().split('\n').at(-1) ?? ''}` };
    if (left.length > 0) return { failed: `left running: ${left.join(', ')}` };
    return { report: JSON.parse(readFileSync(json, 'utf8')) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * The report of a run that --save kept, judged by the rules of today.
 * @param {string} run
 * @returns {Promise<{ report: import('./judge.mjs').Report } | { failed: string }>}
 */
export async function readOne(run) {
  const { code, out, err } = await end(['report', '--json', '-', run], process.cwd(), {});
  return code === 0 ? { report: JSON.parse(out) } : { failed: err.trim().split('\n').at(-1) ?? `exit code ${code}` };
}

/**
 * @param {string[]} args
 * @param {string} cwd
 * @param {Record<string, string>} env
 * @returns {Promise<{ code: number | null, out: string, err: string }>}
 */
function end(args, cwd, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: MOST_S * 1000 });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => { out += text; });
    child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => { err += text; });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** Processes that still work in the fixture's folder after a while. @param {string} dir @returns {Promise<string[]>} */
async function leftIn(dir) {
  const until = Date.now() + GONE_WITHIN_MS;
  for (;;) {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && cwdOf(name) === dir.replace(/\/$/, ''));
    if (pids.length === 0 || Date.now() > until) return pids;
    await sleep(100);
  }
}

/** @param {string} pid */
function cwdOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}
