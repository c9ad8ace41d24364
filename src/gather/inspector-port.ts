import { setTimeout as sleep } from 'node:timers/promises';
import { readTcp, socketInodes } from '../target/sockets.js';

export interface ListeningPort { port: number; inode: number }

/** Ports that this process listens on, by socket. */
export function listeningPorts(pid: number): ListeningPort[] {
  const inodes = socketInodes(pid);
  return readTcp(pid).filter((s) => s.state === 'LISTEN' && inodes.has(s.inode)).map(({ port, inode }) => ({ port, inode }));
}

/** The port of a socket that was not there `before`; null when none came while `goOn`. */
export async function newPort(pid: number, before: readonly ListeningPort[], goOn: () => boolean, everyMs: number): Promise<number | null> {
  const known = new Set(before.map(({ inode }) => inode));
  while (goOn()) {
    const fresh = listeningPorts(pid).find(({ inode }) => !known.has(inode));
    if (fresh) return fresh.port;
    await sleep(everyMs);
  }
  return null;
}
