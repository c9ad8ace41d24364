import { readFileSync } from 'node:fs';

/** Both ends of a TCP socket, or the path of a UNIX one ('' for an end without). */
export type SocketName = { local: string; remote: string } | { unix: string };

/** Looks sockets up in the tables of the network namespace of `pid`. */
export function socketNames(pid: number, inodes: ReadonlySet<string>): Record<string, SocketName> {
  const names: Record<string, SocketName> = {};
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) {
    for (const [inode, local, remote] of ipSockets(textOf(`/proc/${pid}/net/${table}`), inodes)) names[inode] = { local, remote };
  }
  // Ffff9f3a41b2c000: 00000003 00000000 00000000 0001 03 10354 /run/redis.sock
  for (const match of textOf(`/proc/${pid}/net/unix`).matchAll(/^\S+: \S+ \S+ \S+ \S+ \S+ +(\d+) ?(.*)$/gm)) {
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

/** `0100007F:46A0` -> `127.0.0.1:18080`: words of 32 bits, each in the byte order of the machine (little-endian here). */
function endpoint(hex: string): string {
  const [address = '', port = '0'] = hex.split(':');
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse());
  return `${bytes.length === 4 ? bytes.join('.') : `[${v6(bytes)}]`}:${parseInt(port, 16)}`;
}

function v6(bytes: readonly number[]): string {
  // ::ffff:127.0.0.1 is IPv4 on a socket for both.
  if (bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 0xff && bytes[11] === 0xff) return bytes.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16));
  return groups.join(':').replace(/\b0(:0)+\b/, ':').replace(/:{3,}/, '::');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
