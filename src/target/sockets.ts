/**
 * Which sockets a process holds: its fds joined with /proc/PID/net/{tcp,tcp6,unix} by inode.
 * https://docs.kernel.org/networking/proc_net_tcp.html, proc_pid_net(5)
 *
 *   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
 *    0: 0100007F:89D7 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1035234 1 ...
 *
 *   Num               RefCount Protocol Flags    Type St Inode   Path
 *   00000000254342a0: 00000002 00000000 00010000 0001 01 1034193 /run/app.sock     <- flag 10000: it listens
 */
import { readdirSync } from 'node:fs';
import { parseAddress } from './address.js';
import { readProcLink, readProcText } from './procfs.js';

export interface TcpSocket {
  state: 'LISTEN' | 'ESTABLISHED';
  address: string;
  port: number;
  remotePort: number;
  inode: number;
}

// include/net/tcp_states.h
const STATES: Partial<Record<string, TcpSocket['state']>> = { '01': 'ESTABLISHED', '0A': 'LISTEN' };

export function parseTcpTable(text: string): TcpSocket[] {
  const sockets: TcpSocket[] = [];
  for (const line of text.split('\n')) {
    const [, local, remote, st, , , , , , inode] = line.trim().split(/ +/);
    const state = STATES[st ?? ''];
    if (state === undefined) continue;
    const here = parseAddress(local ?? '');
    const there = parseAddress(remote ?? '');
    const number = Number(inode);
    // Inode 0: accepted by nobody yet, or orphaned.
    if (here === null || there === null || !Number.isInteger(number) || number === 0) continue;
    sockets.push({ state, ...here, remotePort: there.port, inode: number });
  }
  return sockets;
}

/** Listening unix sockets with a name; '@' stands for the abstract namespace. */
export function parseUnixListeners(text: string): { path: string; inode: number }[] {
  const found: { path: string; inode: number }[] = [];
  for (const line of text.split('\n')) {
    const match = /^[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]+) [0-9A-F]+ [0-9A-F]+ +(\d+) (.+)$/.exec(line);
    if (match === null || (Number.parseInt(match[1] ?? '', 16) & 0x10000) === 0) continue;
    found.push({ path: match[3] ?? '', inode: Number(match[2]) });
  }
  return found;
}

/** TCP sockets of the network namespace that the process lives in. */
export const readTcp = (pid: number): TcpSocket[] => [
  ...parseTcpTable(readProcText(`/proc/${pid}/net/tcp`)),
  ...parseTcpTable(readProcText(`/proc/${pid}/net/tcp6`)),
];

export const readUnixListeners = (pid: number): { path: string; inode: number }[] =>
  parseUnixListeners(readProcText(`/proc/${pid}/net/unix`));

/** `net:[4026531840]`; null when it vanished or is another user's. */
export const netNamespace = (pid: number): string | null => readProcLink(`/proc/${pid}/ns/net`);

/** Numbers of the descriptors that the process has open; none when it vanished or is another user's. */
export function openFds(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

/** Inodes of the sockets that the process has open. */
export function socketInodes(pid: number, fds: readonly string[] = openFds(pid)): Set<number> {
  const inodes = new Set<number>();
  for (const fd of fds) {
    const link = readProcLink(`/proc/${pid}/fd/${fd}`);
    if (link?.startsWith('socket:[')) inodes.add(Number(link.slice(8, -1)));
  }
  return inodes;
}
