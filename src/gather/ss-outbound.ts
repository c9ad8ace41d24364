import { readdirSync, readlinkSync } from 'node:fs';

/** Who listens, TCP, UDP and unix, with the process that does. Asked once: it makes ss walk all of /proc. */
export const LISTENERS = ['-tuxlnHpO'];

/** TCP connections that are not the served port's, with inode and the kernel's inner state, one line a socket. */
export const outboundQuery = (port: number): string[] =>
  ['-tinHOe', 'state', 'established', 'state', 'syn-sent', `sport != :${String(port)}`, 'and', `dport != :${String(port)}`];

/** A look at a process with more open files takes longer than it is worth. */
const MAX_FILES = 4000;

/** Inodes of the sockets that these processes hold; null when there are too many files to look at. */
export function socketInodes(pids: readonly number[]): Set<string> | null {
  const inodes = new Set<string>();
  let files = 0;
  for (const pid of pids) {
    const dir = `/proc/${String(pid)}/fd`;
    const fds = attempt(() => readdirSync(dir)) ?? [];
    files += fds.length;
    if (files > MAX_FILES) return null;
    for (const fd of fds) {
      const inode = /^socket:\[(\d+)\]$/.exec(attempt(() => readlinkSync(`${dir}/${fd}`)) ?? '')?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
  }
  return inodes;
}

/** Lines of ss that are about one of these sockets. */
export const ownLines = (stdout: string, inodes: ReadonlySet<string>): string[] =>
  stdout.split('\n').filter((line) => inodes.has(/ ino:(\d+)/.exec(line)?.[1] ?? ''));

/** A process may end between the listing and the reading. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
