import { parseAddress } from '../target/address.js';
import { readProcText } from '../target/procfs.js';

/** Both ends of a TCP socket, or the path of a UNIX one ('' for an end without). */
export type SocketName = { local: string; remote: string } | { unix: string };

/** Looks sockets up in the tables of the network namespace of `pid`. */
export function socketNames(pid: number, inodes: ReadonlySet<string>): Record<string, SocketName> {
  const names: Record<string, SocketName> = {};
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) {
    for (const [inode, local, remote] of ipSockets(readProcText(`/proc/${pid}/net/${table}`), inodes)) names[inode] = { local, remote };
  }
  // Ffff9f3a41b2c000: 00000003 00000000 00000000 0001 03 10354 /run/redis.sock
  for (const match of readProcText(`/proc/${pid}/net/unix`).matchAll(/^\S+: \S+ \S+ \S+ \S+ \S+ +(\d+) ?(.*)$/gm)) {
    const [, inode = '', path = ''] = match;
    if (inodes.has(inode)) names[inode] = { unix: path };
  }
  return names;
}

/**
 * https://docs.kernel.org/networking/proc_net_tcp.html: the inode is the tenth column.
 *
 *    4: 0100007F:46A0 0100007F:9D2C 01 00000000:00000000 00:00000000 00000000     0        0 1035240 1 ...
 */
function* ipSockets(text: string, inodes: ReadonlySet<string>): Generator<[inode: string, local: string, remote: string]> {
  // One regular expression over the whole: the table may hold 30,000 lines of TIME_WAIT, whose inode is 0.
  for (const match of text.matchAll(/: ([0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]+:[0-9A-F]{4}) \S+ \S+ \S+ +\S+ +\d+ +\d+ ([1-9]\d*)/g)) {
    const [, local = '', remote = '', inode = ''] = match;
    if (inodes.has(inode)) yield [inode, endpoint(local), endpoint(remote)];
  }
}

/** `0100007F:46A0` -> `127.0.0.1:18080`; IPv6 in brackets. */
function endpoint(hex: string): string {
  const { address, port } = parseAddress(hex) ?? { address: '?', port: 0 };
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
