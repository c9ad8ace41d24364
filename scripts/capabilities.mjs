/**
 * What a test or a demo may need of the machine, each found out by doing it, not by reading versions.
 * Used by setup (WHYSLOW_REQUIRE) and by test/require.ts.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from './say.mjs';

/** Debian's Python, whatever else comes first in PATH: its servers are Debian's packages. */
export const PYTHON = '/usr/bin/python3';

// tracefs is mounted, where it is not, in a mount namespace of its own, so that the machine stays as it was.
const IN_OWN_MOUNTS = 'test -e /sys/kernel/tracing/events || mount -t tracefs nodev /sys/kernel/tracing; exec "$@"';

/** @param {string[]} command */
const works = (command) => {
  const { ok, out } = exec(command[0] ?? '', command.slice(1), { quiet: true, timeoutS: 30 });
  return ok ? null : out.trim().split('\n').at(-1) || `${command[0]} failed`;
};

/** Each returns null when it can be done, else the reason why not. @type {Record<Need, () => string | null>} */
const CHECKS = {
  strace: () => works(['strace', '-qq', '-o', '/dev/null', '-e', 'trace=execve', 'true']),
  perf: () => {
    const dir = mkdtempSync(join(tmpdir(), 'whyslow-perf-'));
    try {
      return works(['perf', 'record', '-q', '-e', 'cpu-clock', '-o', join(dir, 'perf.data'), '--', 'true']);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
  ebpf: () => (process.geteuid?.() === 0
    ? works(['unshare', '-m', 'sh', '-c', IN_OWN_MOUNTS, 'sh', 'bpftrace', '-e', 'tracepoint:sched:sched_switch { exit(); }'])
    : 'not root'),
  wrk: () => (exec('wrk', ['-v'], { quiet: true }).out.startsWith('wrk') ? null : 'wrk is not installed'),
  ss: () => works(['ss', '-V']),
  python: () => (existsSync(PYTHON) ? works([PYTHON, '-c', 'import flask, gevent, gunicorn']) : `there is no ${PYTHON}`),
  root: () => (process.geteuid?.() === 0 ? null : 'not root'),
};

/** @typedef {'strace' | 'perf' | 'ebpf' | 'wrk' | 'ss' | 'python' | 'root'} Need */

/** @type {Map<Need, string | null>} */
const known = new Map();

/**
 * Why `need` cannot be had here, or null; asked once a process.
 * @param {Need} need
 */
export function missing(need) {
  const before = known.get(need);
  if (before !== undefined) return before;
  const reason = CHECKS[need]();
  known.set(need, reason);
  return reason;
}

/**
 * What WHYSLOW_REQUIRE names: what must not be missing.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Need[]}
 */
export function required(env = process.env) {
  const names = (env['WHYSLOW_REQUIRE'] ?? '').split(',').map((name) => name.trim()).filter(Boolean);
  const unknown = names.find((name) => !(name in CHECKS));
  if (unknown !== undefined) throw new Error(`WHYSLOW_REQUIRE: "${unknown}" is none of ${Object.keys(CHECKS).join(', ')}`);
  return /** @type {Need[]} */ (names);
}
