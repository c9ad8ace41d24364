import { networkInterfaces } from 'node:os';
import { targetError } from '../errors.js';
import { takes } from './listeners.js';
import { listPids, readStat } from './procfs.js';
import { readTcp, socketInodes, type TcpSocket } from './sockets.js';

/** The port that a URL goes to. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** Host of a URL as an address is written: without the brackets of IPv6. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

function isThisMachine(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost') || host.startsWith('127.') || host === '::1' || host === '0.0.0.0' || host === '::') return true;
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host));
}

/** Who listens on the port in our network namespace; `host` null: on any address. */
export function portHolder(port: number, host: string | null): { pid: number | null; comm: string | null } | null {
  const matches = (socket: TcpSocket): boolean =>
    socket.state === 'LISTEN' && socket.port === port && (host === null || takes(socket, host));
  const inodes = readTcp(process.pid).filter(matches).map((socket) => socket.inode);
  if (inodes.length === 0) return null;
  for (const pid of listPids()) {
    const held = socketInodes(pid);
    if (inodes.some((inode) => held.has(inode))) return { pid, comm: readStat(pid)?.comm ?? null };
  }
  // Another user's, when we are not root.
  return { pid: null, comm: null };
}

/**
 * Call before the launch: whoever already serves the port would be measured in the target's place.
 * Throws a targetError. Hosts of other machines are not looked at.
 */
export function assertPortFree(url: string | null, port: number | null): void {
  const parsed = url === null ? null : new URL(url);
  const wanted = parsed === null ? port : portOf(parsed);
  if (wanted === null || (parsed !== null && !isThisMachine(hostOf(parsed)))) return;
  const holder = portHolder(wanted, parsed === null ? null : hostOf(parsed));
  if (holder === null) return;
  const who = holder.pid === null ? 'another process' : `PID ${holder.pid} (${holder.comm ?? 'ended'})`;
  throw targetError(`port ${wanted} is already taken by ${who}: stop it, or attach to it`);
}
