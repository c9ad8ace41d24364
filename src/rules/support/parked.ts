import { requestsFact } from '../../facts/requests.js';
import { socketsFact } from '../../facts/sockets.js';
import type { FactReader, ThreadUse, WaitTarget } from '../../types.js';
import { optional } from './finding.js';
import { inFlight, meanLatencyMs } from './latency.js';
import type { LockWait } from './locks.js';

/** Threads that sleep in line for a lock, each at an address of its own: Java parks them so. */
const LEAST_THREADS = 3;
/** Requests in flight a thread: fewer, and some threads have nothing to do but wait for a job in the same way. */
const BUSY = 0.7;
/** Of the latency, between the read of a request and the answer: with less, requests wait elsewhere. */
const INSIDE = 0.5;
/** Of the requests in flight, those whose thread sleeps: what is not among them is no lock's. */
const LEAST_IN_LINE = 0.5;
/** One holds it: by Little's law about one thread is past the lock at any time, whoever it is. */
const ONE = { least: 0.6, most: 1.6 };
/** Of the time past the lock that one thread may have: more, and it is one thread's work, not everybody's turn. */
const TURNS = 0.6;

/**
 * Threads that read a request and then sleep until somebody wakes them, though nearly all have a request in hand: all but
 * one, whoever that is.
 *
 *   thread 1   r ....................... w          r: reads, w: answers
 *   thread 2     r ........... ======== w           .: asleep without a limit in time
 *   thread 3   ======= w   r ..............         =: past the lock: runs, sleeps for a time, waits for a reply
 *   at once           1 past it, the others asleep
 */
export function parkedInLine(pid: number, threads: readonly ThreadUse[], read: FactReader): LockWait[] {
  const own = threads.filter((t) => t.role === 'serving' && t.waits.length > 0);
  const requests = optional(read(requestsFact));
  const sockets = optional(read(socketsFact));
  const latencyMs = requests && meanLatencyMs(requests);
  if (own.length < LEAST_THREADS || requests === null || !latencyMs) return [];
  const flying = inFlight(requests);
  if (flying < BUSY * own.length || (sockets?.serviceMs?.p50 ?? 0) < INSIDE * latencyMs) return [];
  const asleep = own.map((t) => shareOf(t, isPark));
  const past = asleep.map((share) => Math.max(0, 1 - share));
  const [waiting, outside] = [sum(asleep), sum(past)];
  if (waiting < LEAST_IN_LINE * flying || outside < ONE.least || outside > ONE.most || Math.max(...past) > TURNS * outside) return [];
  const timed = sum(own.map((t) => shareOf(t, (on) => on?.timed === true)));
  return [{
    pid, address: null, kind: 'futex', users: own.length, waiting, outside,
    holders: timed >= outside / 2 ? { what: 'a sleep or a wait with a time limit', share: Math.min(1, timed / outside) } : null,
  }];
}

const isPark = (on: WaitTarget | undefined): boolean => on?.kind === 'futex' && on.timed !== true;

const shareOf = (t: ThreadUse, is: (on: WaitTarget | undefined) => boolean): number =>
  sum(t.waits.filter((w) => w.in === 'futex' && is(w.on)).map((w) => w.share));

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
