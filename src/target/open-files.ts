import { readFileSync, readlinkSync } from 'node:fs';
import { readStat } from './procfs.js';

/** Ancestors asked on the way up. */
const MOST_STEPS = 32;

/**
 * The soft limit on open files that a command would have without us: Node raises its own to the hard limit when it
 * starts, and what it starts inherits that; a server short of descriptors would never be seen to be. So it is taken from the
 * nearest ancestor that is no Node (npx, npm): the user's shell, the service manager. Null where it is the same as ours.
 */
export function usersOpenFiles(self: number = process.pid): number | null {
  const own = softLimit(self);
  let pid = self;
  for (let steps = 0; steps < MOST_STEPS && pid > 1; steps++) {
    pid = readStat(pid)?.ppid ?? 0;
    if (pid > 0 && isNode(pid)) continue;
    const theirs = pid > 0 ? softLimit(pid) : null;
    return theirs !== null && own !== null && theirs < own ? theirs : null;
  }
  return null;
}

/** `Max open files            1024                 524288               files`; null for unlimited as well. */
function softLimit(pid: number): number | null {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1')) ?? [];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}

function isNode(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '').endsWith('/node') || readlinkSync(`/proc/${pid}/exe`) === readlinkSync('/proc/self/exe');
  } catch {
    return false;
  }
}
