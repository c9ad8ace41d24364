import { chmodSync, copyFileSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { updateControl } from './node-control.js';

const PROBE_DIR = fileURLToPath(new URL('../../probes/node/', import.meta.url));
const PROBE_FILES = ['preload.cjs', 'profile.cjs', 'readings.cjs', 'doctor.cjs'] as const;

/** Node's rules for NODE_OPTIONS: blanks part words, double quotes hold them together, a backslash escapes within. */
const quoted = (path: string): string => `"${path.replace(/[\\"]/g, '\\$&')}"`;

/** The permission model lets a preload be read only where the user allowed it; else the target would not start. */
const PERMISSION_FLAG = /(^|\s)--(experimental-)?permission(?=\s|$)/;

/**
 * The environment that brings the preload into every Node process and worker of the target; ours first, so that it sees
 * the clock and timers before anyone mocks them, then the user's own options as they were.
 *
 * Empty when the preload would stop the target from starting (`node --permission`): `command` tells, where known.
 */
export function nodeProbeEnv(dir: string, current: NodeJS.ProcessEnv, command: readonly string[] = []): NodeJS.ProcessEnv {
  const own = current['NODE_OPTIONS'] ?? '';
  if (PERMISSION_FLAG.test(own) || command.some((word) => PERMISSION_FLAG.test(word))) return {};
  const at = resolve(dir);
  const require = `--require ${quoted(preloadFor(at))}`;
  // Before any preload looks for it: a file that is not there would show among the target's failed lookups.
  updateControl(at, {});
  return { NODE_OPTIONS: own.includes(require) ? own : `${require} ${own}`.trim(), WHYSLOW_NODE_DIR: at };
}

/** A root's own installation may be closed to the account that the target runs as, or changes to. */
export function preloadFor(dir: string): string {
  const installed = join(PROBE_DIR, PROBE_FILES[0]);
  if (process.geteuid?.() !== 0 || readableByAll(installed)) return installed;
  const copies = join(dir, 'node-preload');
  mkdirSync(copies, { recursive: true });
  chmodSync(copies, 0o755);
  for (const file of PROBE_FILES) {
    copyFileSync(join(PROBE_DIR, file), join(copies, file));
    chmodSync(join(copies, file), 0o644);
  }
  return join(copies, PROBE_FILES[0]);
}

function readableByAll(path: string): boolean {
  if ((statSync(path).mode & 0o004) === 0) return false;
  for (let dir = dirname(path); ; dir = dirname(dir)) {
    if ((statSync(dir).mode & 0o001) === 0) return false;
    if (dir === '/') return true;
  }
}
