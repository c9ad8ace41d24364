import type { SsLook, SsSocket } from './ss.js';

/** Several looks, taken together. */
export interface SsSummary {
  looks: number;
  /** Sockets seen, a socket counted once a look. */
  sockets: number;
  /** Mean number of established sockets a look. */
  meanEstablished: number;
  /** Shares of `sockets`; null when none was seen. */
  notSentShare: number | null;
  unackedShare: number | null;
  /** Bytes wait for the server to read them. */
  unreadShare: number | null;
  /** Medians over sockets, ms. */
  rttMs: number | null;
  minRttMs: number | null;
  listenQueue: { max: number; limit: number } | null;
  /** Of the looks at the listening socket, those that found its queue full; null when nobody looked. */
  fullShare: number | null;
  /** Connections dropped at the listening socket in the range. */
  drops: number | null;
}

/** Of the looks within a range of time. */
export function summarizeSs(looks: readonly SsLook[], fromNs = -Infinity, toNs = Infinity): SsSummary {
  const inRange = looks.filter(({ tNs }) => tNs >= fromNs && tNs <= toNs);
  const counted = inRange.filter(({ established }) => established !== null);
  const sockets = counted.flatMap(({ established }) => established ?? []);
  const share = (has: (socket: SsSocket) => boolean): number | null =>
    sockets.length === 0 ? null : sockets.filter(has).length / sockets.length;
  const queues = inRange.flatMap(({ listen }) => (listen ? [listen] : []));
  return {
    looks: inRange.length,
    sockets: sockets.length,
    meanEstablished: counted.length === 0 ? 0 : sockets.length / counted.length,
    notSentShare: share((socket) => socket.notSentBytes > 0),
    unackedShare: share((socket) => socket.unackedSegments > 0),
    unreadShare: share((socket) => socket.recvQBytes > 0),
    rttMs: median(sockets.flatMap(({ rttMs }) => (rttMs === null ? [] : [rttMs]))),
    minRttMs: median(sockets.flatMap(({ minRttMs }) => (minRttMs === null ? [] : [minRttMs]))),
    fullShare: queues.length === 0 ? null : queues.filter(({ waiting, limit }) => waiting >= limit).length / queues.length,
    drops: dropped(looks, fromNs, toNs),
    listenQueue: queues.length === 0 ? null
      : { max: Math.max(...queues.map(({ waiting }) => waiting)), limit: Math.max(...queues.map(({ limit }) => limit)) },
  };
}

/** Against the last look before the range; a server that came up within it began with none. */
function dropped(looks: readonly SsLook[], fromNs: number, toNs: number): number | null {
  const seen = looks.filter(({ tNs, listen }) => listen !== null && tNs <= toNs);
  const last = seen.at(-1)?.listen;
  if (!last || (seen.at(-1)?.tNs ?? 0) < fromNs) return null;
  const first = seen.findLast(({ tNs }) => tNs < fromNs)?.listen ?? seen.find(({ tNs }) => tNs >= fromNs)?.listen;
  return Math.max(0, last.drops - (first?.drops ?? 0));
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
