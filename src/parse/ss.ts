/**
 * Reads ss.txt: what `ss -tinmHOe` said of the served port, twice a second, with a line before each look.
 * Format: ss(8) and misc/ss.c of iproute2 (tcp_stats_print); without -O (before 5.x) what follows the addresses stands on a
 * line of its own, indented, and is read alike. Queue columns: for ESTAB bytes unread and unacknowledged, for LISTEN
 * connections waiting for accept and their limit.
 *
 *   # 2087233677000 established
 *   ESTAB  0      11     127.0.0.1:18081 127.0.0.1:37468 skmem:(r0,...) cubic rto:204 rtt:20.1/19.9 ... unacked:1 notsent:11 minrtt:0.007
 *   # 2087233677000 listen
 *   LISTEN 3      511    127.0.0.1:18081 0.0.0.0:*
 *   LISTEN 3      511    127.0.0.1:18081 0.0.0.0:* skmem:(r0,...,bl0,d12)     <- d: connections dropped since it listens
 *   # 2087733677000 skipped            <- too many sockets to look at
 */
export interface SsSocket {
  /** The client's end: what tells one connection from another. */
  remote: string;
  /** Segments with data that came in since it was made; null where the kernel does not tell. */
  dataSegmentsIn: number | null;
  recvQBytes: number;
  sendQBytes: number;
  /** Written by the server, and held back by the kernel: Nagle, a full window. */
  notSentBytes: number;
  /** Segments sent and not yet acknowledged. */
  unackedSegments: number;
  rttMs: number | null;
  minRttMs: number | null;
  retransmits: number;
}

export interface SsLook {
  tNs: number;
  /** Null when there were too many to look at. */
  established: SsSocket[] | null;
  /** All listening sockets of the port, summed (SO_REUSEPORT), drops since they listen; null when there is none. */
  listen: { waiting: number; limit: number; drops: number } | null;
}

export function parseSs(text: string): SsLook[] {
  const looks: SsLook[] = [];
  let part = '';
  for (const line of records(text)) {
    const mark = /^# (\d+) (established|listen|skipped)\s*$/.exec(line);
    if (mark) {
      const tNs = Number(mark[1]);
      part = mark[2] ?? '';
      if (looks.at(-1)?.tNs !== tNs) looks.push({ tNs, established: part === 'skipped' ? null : [], listen: null });
      continue;
    }
    const look = looks.at(-1);
    // The state column is missing where one state alone was asked for.
    const columns = /^(?:[A-Z][A-Z0-9-]*\s+)?(\d+)\s+(\d+)\s+\S+:\S+\s+(\S+:\S+)(.*)$/.exec(line);
    if (!look || !columns) continue;
    const [, recvQ, sendQ, remote = '', rest = ''] = columns;
    if (part === 'listen') {
      look.listen = { waiting: (look.listen?.waiting ?? 0) + Number(recvQ), limit: (look.listen?.limit ?? 0) + Number(sendQ), drops: (look.listen?.drops ?? 0) + dropsOf(rest) };
    } else look.established?.push(socketOf(remote, Number(recvQ), Number(sendQ), rest));
  }
  return looks;
}

/** Lines, with indented ones joined to the line before. */
function* records(text: string): Generator<string> {
  let record = '';
  for (const line of text.split('\n')) {
    if (/^\s+\S/.test(line)) {
      record += ` ${line.trim()}`;
      continue;
    }
    if (record !== '') yield record;
    record = line;
  }
  if (record !== '') yield record;
}

const dropsOf = (details: string): number => Number(/ skmem:\([^)]*,d(\d+)\)/.exec(details)?.[1] ?? 0);

function socketOf(remote: string, recvQBytes: number, sendQBytes: number, details: string): SsSocket {
  const number = (pattern: RegExp): number | null => {
    const match = pattern.exec(details);
    return match ? Number(match[1]) : null;
  };
  return {
    remote, recvQBytes, sendQBytes,
    dataSegmentsIn: number(/ data_segs_in:(\d+)/),
    notSentBytes: number(/ notsent:(\d+)/) ?? 0,
    unackedSegments: number(/ unacked:(\d+)/) ?? 0,
    rttMs: number(/ rtt:([\d.]+)/),
    minRttMs: number(/ minrtt:([\d.]+)/),
    retransmits: number(/ retrans:\d+\/(\d+)/) ?? 0,
  };
}
