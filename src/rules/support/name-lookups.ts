import { DNS_PORT, outboundFact } from '../../facts/outbound.js';
import type { FactReader, OutboundPeer, PoolWork, RequestsFact } from '../../types.js';
import { clamp, optional } from './finding.js';
import { inFlight } from './latency.js';
import { occupancy } from './occupancy.js';
import { fullPool } from './pool.js';

/** Name lookups while serving, by the questions that go to resolvers and by what the thread pool does. */
export interface Lookups {
  /** Asked most; null where only the pool shows lookups (names in /etc/hosts, a resolver behind a unix socket). */
  resolver: OutboundPeer | null;
  /** Questions a request: one for each name and address family. Null where they were not counted. */
  perRequest: number | null;
  /** Questions without an answer yet, on average. */
  pending: number;
  /** Questions share a socket (c-ares, dns.resolve): they are counted, but how long each waits is not known. */
  untimed: boolean;
  /** The pool is full of lookups. */
  pool: PoolWork | null;
  /** Of the requests in flight that wait for an answer, or for their turn to ask. */
  share: number;
}

/** Of the pool's time at work. */
const MAINLY = 0.4;
/** Of the workers: so many wait for a resolver, and the requests behind them wait for it as well. */
const WORKERS_WAIT = 0.6;

export function lookups(read: FactReader, requests: RequestsFact): Lookups | null {
  const outbound = optional(read(outboundFact));
  const resolvers = (outbound?.peers ?? []).filter((p) => p.port === DNS_PORT).sort((a, b) => (b.callsPerS ?? 0) - (a.callsPerS ?? 0));
  const state = fullPool(read, requests);
  const main = state?.full ? state.pool.work.find((w) => w.kind === 'dns' && w.share >= MAINLY) ?? null : null;
  if (resolvers.length === 0 && !main) return null;
  const flying = inFlight(requests) || 1;
  const pending = resolvers.reduce((sum, p) => sum + p.pending, 0);
  const calls = resolvers.reduce((sum, p) => sum + (p.callsPerS ?? 0), 0);
  const occ = optional(occupancy(read));
  const inWorkers = occ !== null && flying > occ.threads && pending >= WORKERS_WAIT * occ.threads
    // libc waits for the answer in poll, which looks like an event wait in a thread that makes no other call for long.
    && Math.max(occ.occupied, occ.polls * occ.threads) >= WORKERS_WAIT * occ.threads;
  return {
    resolver: resolvers[0] ?? null, pending, pool: main, untimed: resolvers[0] !== undefined && resolvers[0].waitMs === null,
    perRequest: calls > 0 && requests.headline.rps > 0 ? calls / requests.headline.rps : null,
    share: clamp(main || inWorkers ? 1 - (occ ? occ.occupied * occ.onCpu : 0) / flying : pending / flying),
  };
}
