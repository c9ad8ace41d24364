import { readExe, readProcText, readStat } from './procfs.js';

export interface OpenFilesLimit { soft: number; hard: number }

/** Ancestors asked on the way up. */
const MOST_STEPS = 32;

/**
 * The soft limit on open files that a command would have without us: Node raises its own to the hard limit when it
 * starts, and what it starts inherits that; a server short of descriptors would never be seen to be. So it is taken from the
 * nearest ancestor that is no Node (npx, npm): the user's shell, the service manager. Null where it is the same as ours.
 */
export function usersOpenFiles(self: number = process.pid): number | null {
  const own = openFilesLimit(self);
  let pid = self;
  for (let steps = 0; steps < MOST_STEPS && pid > 1; steps++) {
    pid = readStat(pid)?.ppid ?? 0;
    if (pid > 0 && isNode(pid)) continue;
    const theirs = pid > 0 ? openFilesLimit(pid) : null;
    return theirs && own && theirs.soft < own.soft ? theirs.soft : null;
  }
  return null;
}

/** Null when the process vanished. */
export const openFilesLimit = (pid: number): OpenFilesLimit | null => parseOpenFilesLimit(readProcText(`/proc/${pid}/limits`));

/** `Max open files            1024                 524288               files`. */
export function parseOpenFilesLimit(text: string): OpenFilesLimit | null {
  const [, soft, hard] = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(text) ?? [];
  const value = (word: string): number => (word === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(word));
  return soft === undefined || hard === undefined ? null : { soft: value(soft), hard: value(hard) };
}

function isNode(pid: number): boolean {
  const exe = readExe(pid);
  return exe !== null && (exe.endsWith('/node') || exe === readExe(process.pid));
}
