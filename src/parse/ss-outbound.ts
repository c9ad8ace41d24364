/**
 * Reads ss-outbound.txt: connections of the target's tree to others, twice a second (`ss -tinmHOe`), after one line-up of who
 * listens on the machine (`ss -tuxlnHpO`). Format: ss(8), misc/ss.c of iproute2; milliseconds that are 0 are not written.
 *
 *   # 2087233677000 listeners
 *   tcp   LISTEN 0 511  127.0.0.1:6379 0.0.0.0:*  users:(("redis-server",pid=71,fd=6))
 *   u_str LISTEN 0 511  /run/redis.sock 13021 * 0  users:(("redis-server",pid=71,fd=7))
 *   # 2087733677000 outbound
 *   ESTAB 0 0 127.0.0.1:40012 127.0.0.1:6379 ino:6577 sk:6b6 <-> ... bytes_sent:310 bytes_received:95 ... lastsnd:4 lastrcv:40
 *
 * Sent since it last received: it waits for a reply (lastsnd < lastrcv). Where it asked again within the kernel's tick (1 to
 * 10 ms) both are equal: then it waits if it sent one segment of data more than it got, as one who takes turns does.
 */
export interface OutboundSocket {
  address: string;
  port: number;
  /** It asked and has no answer, or it connects. Missed where replies come in several segments and the next call follows at once. */
  pending: boolean;
  /** The answer lies there unread: the server is late, not the peer. */
  unreadBytes: number;
}

export interface Listener { protocol: 'tcp' | 'udp' | 'unix'; address: string; port: number; process: string | null; pid: number | null }

export interface SsOutbound { listeners: Listener[]; looks: { tNs: number; sockets: OutboundSocket[] }[] }

const PROTOCOLS: Record<string, Listener['protocol']> = { tcp: 'tcp', udp: 'udp', u_str: 'unix', u_seq: 'unix', u_dgr: 'unix' };

export function parseSsOutbound(text: string): SsOutbound {
  const found: SsOutbound = { listeners: [], looks: [] };
  let part = '';
  for (const line of text.split('\n')) {
    const mark = /^# (\d+) (listeners|outbound)\s*$/.exec(line);
    if (mark) {
      part = mark[2] ?? '';
      if (part === 'outbound') found.looks.push({ tNs: Number(mark[1]), sockets: [] });
    } else if (part === 'listeners') found.listeners.push(...listenerOf(line));
    else if (part === 'outbound') found.looks.at(-1)?.sockets.push(...socketOf(line, found.listeners));
  }
  return found;
}

function listenerOf(line: string): Listener[] {
  const columns = /^(tcp|udp|u_\w+)\s+\S+\s+\d+\s+\d+\s+(\S+)(.*)$/.exec(line);
  const protocol = PROTOCOLS[columns?.[1] ?? ''];
  if (!columns || !protocol) return [];
  const [, , local = '', rest = ''] = columns;
  const user = /users:\(\("([^"]*)",pid=(\d+)/.exec(rest);
  const end = protocol === 'unix' ? { address: local, port: 0 } : endOf(local);
  return [{ protocol, ...end, process: user?.[1] ?? null, pid: user?.[2] === undefined ? null : Number(user[2]) }];
}

function socketOf(line: string, listeners: readonly Listener[]): OutboundSocket[] {
  const columns = /^(?:([A-Z][A-Z0-9-]*)\s+)?(\d+)\s+\d+\s+(\S+:\d+)\s+(\S+:\d+)(.*)$/.exec(line);
  if (!columns) return [];
  const [, state = 'ESTAB', unread, local = '', remote = '', details = ''] = columns;
  // The accepted end of a connection to a server inside the tree.
  if (listeners.some((l) => l.protocol === 'tcp' && l.port === endOf(local).port)) return [];
  const figure = (name: string): number => Number(new RegExp(` ${name}:(\\d+)`).exec(details)?.[1] ?? 0);
  const [sentMs, receivedMs] = [figure('lastsnd'), figure('lastrcv')];
  const asked = figure('bytes_sent') > 0 && (figure('bytes_received') === 0 || sentMs < receivedMs
    || (sentMs === receivedMs && figure('data_segs_out') === figure('data_segs_in') + 1));
  return [{ ...endOf(remote), unreadBytes: Number(unread), pending: Number(unread) === 0 && (state === 'SYN-SENT' || asked) }];
}

/** `127.0.0.1:80`, `[::1]:80`, `[::ffff:127.0.0.1]:80`, `10.0.0.1%eth0:80`, `*:80`. */
function endOf(text: string): { address: string; port: number } {
  const at = text.lastIndexOf(':');
  const address = text.slice(0, at).replace(/^\[|\]$/g, '').replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/, '');
  return { address, port: Number(text.slice(at + 1)) || 0 };
}
