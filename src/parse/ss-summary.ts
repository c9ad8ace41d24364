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
    listenQueue: queues.length === 0 ? null
      : { max: Math.max(...queues.map(({ waiting }) => waiting)), limit: Math.max(...queues.map(({ limit }) => limit)) },
  };
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
