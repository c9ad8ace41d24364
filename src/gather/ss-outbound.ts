import { openFds, socketInodes } from '../target/sockets.js';

/** Who listens, TCP, UDP and unix, with the process that does. Asked once: it makes ss walk all of /proc. */
export const LISTENERS = ['-tuxlnHpO'];

/** TCP connections that are not the served port's, with inode and the kernel's inner state, one line a socket. */
export const outboundQuery = (port: number): string[] =>
  ['-tinHOe', 'state', 'established', 'state', 'syn-sent', `sport != :${String(port)}`, 'and', `dport != :${String(port)}`];

/** A look at a process with more open files takes longer than it is worth. */
const MAX_FILES = 4000;

/** Inodes of the sockets that these processes hold; null when there are too many files to look at. */
export function heldInodes(pids: readonly number[]): Set<number> | null {
  const open = pids.map((pid) => ({ pid, fds: openFds(pid) }));
  if (open.reduce((sum, { fds }) => sum + fds.length, 0) > MAX_FILES) return null;
  return new Set(open.flatMap(({ pid, fds }) => [...socketInodes(pid, fds)]));
}

/** Lines of ss that are about one of these sockets. */
export const ownLines = (stdout: string, inodes: ReadonlySet<number>): string[] =>
  stdout.split('\n').filter((line) => inodes.has(Number(/ ino:(\d+)/.exec(line)?.[1])));
