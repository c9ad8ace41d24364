import { cpuUseFact } from '../../facts/cpu-use.js';
import { DNS_PORT, outboundFact } from '../../facts/outbound.js';
import { requestsFact } from '../../facts/requests.js';
import { socketsFact } from '../../facts/sockets.js';
import type { FactReader, Gathered, OutboundFact, OutboundPeer, RequestsFact, SocketsFact } from '../../types.js';
import { RECEIVES } from './calls.js';
import { clamp, optional } from './finding.js';
import { heldInFlight, inFlight, inService } from './latency.js';
import { occupancy, type Occupancy } from './occupancy.js';

/**
 * Requests that wait for another server, by Little's law (calls in flight = rate x time of a call):
 *
 *   in flight 50, calls 49           peer          a slow peer: everyone waits for it at once
 *   in flight 50, calls 8 of 8       connections   a pool of 8, or 1 of 1 a lock: the others wait for their turn
 *   in flight 50, calls 4, 4 read    workers       each worker waits for its reply, and nobody reads the others
 */
export interface Downstream {
  peer: OutboundPeer;
  kind: 'peer' | 'connections' | 'workers';
  /** Calls at once, where never more of them are under way; null without such a limit. */
  limit: number | null;
  /** Told by the calls under way alone: their connections come and go. */
  isHidden: boolean;
  /** Requests in flight that wait for the peer or for a turn to ask it. */
  waiting: number;
  /** Of the requests in flight. */
  share: number;
  /** CPU that the peer used, where it runs on this machine, cores; null where not known. */
  peerCores: number | null;
  source: OutboundFact['source'];
}

/** Of the connections: so many with a call under way, and all are taken. */
const ALL_TAKEN = 0.85;
/** A hidden limit: what calls under way lose to the gap between two; calls a request; of the loop's time; the largest number
 *  that a fraction still tells apart; requests in flight for each call. */
const ROUNDING = 0.05;
const NEEDS = 0.8;
const LOOP_IDLES = 0.5;
const MOST_HIDDEN = 6;
const HIDDEN_QUEUE = 3;
/** Requests beyond those limited to N that make a queue, as a share of N. */
const QUEUE = 0.3;
/** Read and not answered against calls under way: about as many, and nobody reads the others. */
const READ_BEYOND = 1.5;
/** Fewer calls at once than this are nothing that many wait for, unless one at a time is all there may be. */
const LEAST_PENDING = 0.3;
/** Of one core: a peer that uses as much has nothing left where it works on one call at a time (Redis, a loop, one interpreter). */
const FULL_CORE = 0.9;
/** Calls by eBPF against connections by ss, which look at different times. */
const MISCOUNTED = 1.2;

/** The peer that most requests wait for; null where outbound calls were watched and nobody waits. */
export function downstream(read: FactReader): Gathered<Downstream | null> {
  const [outbound, requests] = [read(outboundFact), read(requestsFact)];
  if (!outbound.ok) return outbound;
  if (!requests.ok) return requests;
  const { source, peers } = outbound.value;
  // Resolvers are the matter of dns-per-request.
  // What has no fixed peer cannot be told apart: statistics that nobody answers among replies to others.
  const [peer] = peers.filter((p) => p.answered && p.port !== DNS_PORT && !(p.protocol === 'udp' && p.port === 0));
  if (!peer || peer.pending < LEAST_PENDING) return { ok: true, value: null };
  const flying = Math.max(inFlight(requests.value), peer.pending);
  const sockets = optional(read(socketsFact));
  const workers = optional(occupancy(read));
  const seenLimit = limitOf(peer, flying) ?? workersThatAsk(peer, flying, workers);
  const limit = seenLimit ?? hiddenLimit(peer, flying, requests.value, workers);
  const peerCores = optional(read(cpuUseFact))?.users.find((u) => u.pid === peer.pid)?.cores ?? null;
  if (limit === null) {
    const waiting = Math.min(peer.pending, flying);
    return { ok: true, value: { peer, source, peerCores, limit, isHidden: false, kind: 'peer', waiting, share: clamp(waiting / (flying || 1)) } };
  }
  const held = heldInFlight(requests.value, sockets);
  const kind = waitsInWorkers(limit, requests.value, sockets, workers) ? 'workers' : 'connections';
  // Whoever is in flight passes through here, and here is where the queue stands: the rest was spent on the way.
  const waiting = Math.max(peer.pending, flying - held - working(read));
  return { ok: true, value: { peer, source, peerCores, limit, isHidden: seenLimit === null, kind, waiting, share: clamp(waiting / (flying || 1)) } };
}

/** All connections have a call under way (or the only one that may be), while more requests are in flight. */
function limitOf({ pending, connections }: OutboundPeer, flying: number): number | null {
  const most = connections === null || connections < 1 ? Math.max(1, Math.round(pending)) : Math.round(connections);
  // More calls than connections: connections come and go between the looks that count them.
  const known = connections === null ? most === 1 : pending <= MISCOUNTED * most;
  return known && pending >= ALL_TAKEN * most && flying >= (1 + QUEUE) * most + QUEUE ? Math.max(most, Math.round(pending)) : null;
}

/**
 * A limit on calls whose connections come and go (a client with max_clients and no keep-alive): nearly a whole number of them
 * is under way all the time, each request needs one, and all the others wait in a loop that idles.
 */
function hiddenLimit({ pending, connections, callsPerS }: OutboundPeer, flying: number, requests: RequestsFact, occ: Occupancy | null): number | null {
  const most = Math.ceil(pending - ROUNDING);
  const comeAndGo = connections === null || pending > MISCOUNTED * Math.round(connections);
  const each = callsPerS !== null && callsPerS >= NEEDS * requests.headline.rps;
  if (!comeAndGo || !each || occ === null || occ.fed || occ.threads > 1 || occ.servingIdle < LOOP_IDLES) return null;
  return most >= 1 && most <= MOST_HIDDEN && pending >= ALL_TAKEN * most && flying >= HIDDEN_QUEUE * most ? most : null;
}

/** Each worker has a call under way nearly all the time: as many at once as there are workers, however many connections that takes. */
function workersThatAsk({ pending }: OutboundPeer, flying: number, occ: Occupancy | null): number | null {
  if (occ === null || occ.fed || occ.blockedIn === null || !RECEIVES.test(occ.blockedIn.syscall)) return null;
  const most = occ.threads;
  return pending >= ALL_TAKEN * most && pending <= MISCOUNTED * most && flying >= (1 + QUEUE) * most + QUEUE ? most : null;
}

/** The peer is what is out of CPU: who asks it with more workers or connections only lengthens its queue. */
export const isPeerFull = ({ peerCores }: Downstream): boolean => peerCores !== null && peerCores >= FULL_CORE;

function waitsInWorkers(limit: number, requests: RequestsFact, sockets: SocketsFact | null, occ: Occupancy | null): boolean {
  const read = inService(requests, sockets);
  if (read !== null) return read <= READ_BEYOND * limit;
  return occ !== null && occ.threads > 1 && Math.abs(occ.threads - limit) <= 1;
}

/** Requests on a CPU or in line for it, on average. */
function working(read: FactReader): number {
  const occ = optional(occupancy(read));
  return occ ? occ.occupied * occ.onCpu : 0;
}

/** `127.0.0.1:6379 (redis-server)`. */
export const peerName = (peer: OutboundPeer): string => (peer.process === null ? peer.peer : `${peer.peer} (${peer.process})`);
