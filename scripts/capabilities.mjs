/**
 * What a test or a demo may need of the machine, each found out by doing it, not by reading versions.
 * Used by setup (WHYSLOW_REQUIRE) and by test/require.ts.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
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

/** A command by its name, in PATH and where daemons live. @param {string} name */
export const onPath = (name) => (process.env['PATH'] ?? '').split(':').concat('/usr/sbin', '/sbin').some((dir) => dir !== '' && existsSync(join(dir, name)));

/** @param {string} name */
const command = (name) => () => (onPath(name) ? null : `${name} is not installed`);

/** @param {string} modules as after `import` */
const imports = (modules) => (existsSync(PYTHON) ? works([PYTHON, '-c', `import ${modules}`]) : `there is no ${PYTHON}`);

/** Each returns null when it can be done, else the reason why not. @type {Record<string, () => string | null>} */
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
  wrk: command('wrk'),
  tmux: command('tmux'),
  ss: () => works(['ss', '-V']),
  root: () => (process.geteuid?.() === 0 ? null : 'not root'),
  /** Python with the servers that most of its fixtures use; other modules are needs of their own. */
  python: () => imports('flask, gevent, gunicorn'),
  /** A cgroup of our own with a CPU quota. */
  cgroup: () => {
    if (process.geteuid?.() !== 0) return 'not root';
    const root = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct'].find((dir) => existsSync(join(dir, 'cpu.cfs_quota_us'))
      || existsSync(join(dir, 'cgroup.procs'))) ?? '/sys/fs/cgroup';
    return works(['sh', '-c', 'mkdir "$1/whyslow-$$" && { ls "$1/whyslow-$$/cpu.cfs_quota_us" "$1/whyslow-$$/cpu.max" 2>&1 | grep -v cannot; code=$?; rmdir "$1/whyslow-$$"; exit "$code"; }', 'sh', root]);
  },
  chromium: () => (existsSync('/usr/bin/chromium') ? null : 'there is no /usr/bin/chromium'),
  redis: command('redis-server'),
  nginx: command('nginx'),
  pypy: command('pypy3'),
  java: command('javac'),
  rustc: command('rustc'),
  perl: command('perl'),
  promtool: command('promtool'),
  gcc: () => works(['sh', '-c', 'echo "#include <stdio.h>" | gcc -fsyntax-only -x c -']),
  uwsgi: () => works(['uwsgi', '--need-plugin', 'python3', '--version']),
};

/**
 * A need: one of the above, `npm:NAME` for a package that resolves from here, or else a module of Debian's Python.
 * @typedef {string} Need
 */

/** @param {Need} need */
const isNpm = (need) => need.startsWith('npm:');

/** What WHYSLOW_REQUIRE must name so that `need` may not be missing. @param {Need} need */
const family = (need) => (need in CHECKS ? need : 'python');

/** @param {Need} need */
function check(need) {
  const known = CHECKS[need];
  if (known) return known();
  if (!isNpm(need)) return /^[a-z_][\w.]*$/i.test(need) ? imports(need) : `"${need}" is neither a capability nor a Python module`;
  try {
    createRequire(import.meta.url).resolve(need.slice('npm:'.length));
    return null;
  } catch {
    return `the npm package ${need.slice('npm:'.length)} is not installed`;
  }
}

/** @type {Map<Need, string | null>} */
const known = new Map();

/**
 * Why `need` cannot be had here, or null; asked once a process.
 * @param {Need} need
 */
export function missing(need) {
  const before = known.get(need);
  if (before !== undefined) return before;
  const reason = check(need);
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
  return names;
}

/**
 * Whether `need` must not be missing: `python` stands for every module of it, and npm packages are set-up's own.
 * @param {Need} need
 * @param {NodeJS.ProcessEnv} [env]
 */
export const isRequired = (need, env = process.env) => isNpm(need) || required(env).includes(family(need));
