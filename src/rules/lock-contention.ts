import { requestsFact } from '../facts/requests.js';
import { syscallsFact } from '../facts/syscalls.js';
import { threadsFact } from '../facts/threads.js';
import type { Diagnosis, Evidence, FactReader, RequestsFact, Rule } from '../types.js';
import { count, ms, percent, plural } from './support/format.js';
import { absent, against, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { inFlight, meanLatencyMs } from './support/latency.js';
import { gilWait, lockWait, waitsFor, type GilWait, type LockWait } from './support/locks.js';
import { waitingCode } from './support/waiting-code.js';

const id = 'lock-contention';
const title = 'Threads wait for one lock';

/** Of the requests' time: a lock that costs less is one that every program has. */
const LEAST_SHARE = 0.1;
/** Threads in line for the interpreter's lock at once, on average: fewer, and it is free when it is wanted. */
const GIL_IN_LINE = 0.3;
/** Futex calls a request: handing the lock over takes two or more; a server that hardly does has other costs. */
const GIL_CALLS = 4;
const GIL_CALLS_CLEAR = 8;
/** Of one core, lost to handing over: less is what any second thread costs. */
const GIL_LOST = 0.25;
/** More than one core: its threads run side by side, so no one lock holds them. Above 1, for native code drops it. */
const ONE_CORE = 1.25;
/** Cores idle: fewer, and whoever gets the lock may wait for a CPU as well. */
const ROOM = 0.3;

/** One thread at a time gets past a lock, and requests wait for their turn at it. */
export const lockContention: Rule = {
  id, title,
  diagnose(read) {
    const [requests, threads] = [read(requestsFact), read(threadsFact)];
    if (!requests.ok) return noData(requests);
    if (!threads.ok) return noData(threads);
    const lock = lockWait(read);
    if (lock) {
      const flying = Math.max(inFlight(requests.value), 1);
      const share = clamp(waitsFor(lock, flying) / flying);
      if (share >= LEAST_SHARE && lock.waiting >= 1) return ownLock(lock, share, requests.value, threads.value.cpus, waitingCode(read));
    }
    const gil = gilWait(read);
    if (gil) return judgeGil(gil, read, requests.value, threads.value.idleCores);
    return absent(lock ? `${count(lock.waiting)} threads in line for a lock at once: too few to matter` : 'no lock was found that threads wait for');
  },
};

function ownLock(lock: LockWait, share: number, requests: RequestsFact, cpus: number, code: readonly Evidence[]): Diagnosis {
  const latencyMs = meanLatencyMs(requests);
  const where = lock.address === null ? 'futex' : `futex ${lock.address}`;
  const holdMs = requests.headline.rps > 0 ? (Math.min(lock.outside, 1) * 1000) / requests.headline.rps : null;
  const { holders } = lock;
  return found({
    id, title, kind: 'cause',
    summary: `${count(lock.waiting)} of ${plural(lock.users, 'thread')} stand in line for ${lock.address === null ? 'locks, outside their event wait' : 'one lock'} (${where})`
      + `${holders ? `, while those past it stand in ${holders.what}` : ''}: ${percent(share)} of a request's time is waiting for its turn.`,
    confidence: confidence(lock.address === null ? 0.52 : 0.62, [[lock.kind === 'mutex' ? true : null, 0.15], [lock.outside <= Math.max(cpus, 2), 0.08], [holders ? true : null, 0.08], [lock.waiting >= lock.users / 2 ? true : null, 0.05]]),
    cost: { share, msPerRequest: latencyMs === null ? null : share * latencyMs },
    evidence: [
      evidence(`${count(lock.waiting)} threads wait for it at once, on average, of ${count(lock.users)} that use it`, lock.waiting, 'threads'),
      evidence(`${count(lock.outside)} of them at once were past it`, lock.outside, 'threads'),
      ...(holders ? [evidence(`those spent ${percent(holders.share)} of that time in ${holders.what}`, holders.share, 'share')] : []),
      ...(holdMs === null ? [] : [evidence(`each request holds it for ${ms(holdMs)} (Little's law: one at a time, ${count(requests.headline.rps)} a second)`, holdMs, 'ms/request')]),
      ...code,
      ...(lock.kind === 'mutex' ? [evidence('they wait on the value that a locked mutex has', 1, 'flag')]
        : [against(lock.address === null ? 'each sleeps at an address of its own: threads that wait for jobs in a futex would look alike'
          : 'it was told by its users\' turns, not by its looks: a pool that is fed one job at a time would look alike', 0, 'flag')]),
    ],
    culprit: { kind: 'lock', name: where },
    advice: [
      holders ? `Do not hold the lock while in ${holders.what}: copy what it guards, let go, then call; or take the lock after the call.`
        : 'Hold the lock for less: only around what it guards, or split it (one a key, a shard, a thread).',
      'More threads gain nothing: they only lengthen the line.',
      'Check: `gdb -p PID -batch -ex "thread apply all bt"` (Python: `py-spy dump`) shows where they stand; after the change the rate rises, and the line is gone from this report.',
    ],
  });
}

function judgeGil(gil: GilWait, read: FactReader, requests: RequestsFact, idleCores: number): Diagnosis {
  const calls = optional(read(syscallsFact))?.calls.find((c) => c.name === 'futex' && c.phase === 'serving')?.perRequest ?? null;
  if (gil.waiting < GIL_IN_LINE) return absent(`${count(gil.waiting)} threads in line for the interpreter's lock (GIL) at once: it is mostly free`);
  if (gil.cpuShare > ONE_CORE) return absent(`the process used ${count(gil.cpuShare)} cores: its threads run side by side`);
  if (calls !== null && calls < GIL_CALLS) return absent(`${count(calls)} futex calls a request: the interpreter's lock (GIL) is handed over seldom`);
  if (gil.lost < LEAST_SHARE) return absent(`the interpreter's lock (GIL) is contended, but somebody runs ${percent(1 - gil.lost)} of the time: the CPU is the limit`);
  const latencyMs = meanLatencyMs(requests);
  const share = gil.lost;
  return found({
    id, title, kind: 'cause',
    summary: `${count(gil.waiting)} threads at once wait for the interpreter's lock (GIL)${calls === null ? '' : `, ${count(calls)} futex calls a request`}: `
      + `the process uses ${percent(gil.cpuShare)} of a core while requests wait, and ${percent(share)} goes into handing the lock over.`,
    confidence: confidence(0.5, [[gil.lost >= GIL_LOST, 0.15], [calls === null ? null : calls >= GIL_CALLS_CLEAR, 0.1], [gil.waiting >= 1, 0.05], [idleCores >= ROOM ? true : null, 0.05]]),
    cost: { share, msPerRequest: latencyMs === null ? null : share * latencyMs },
    evidence: [
      evidence(`${count(gil.waiting)} threads in line for the GIL at once, on average`, gil.waiting, 'threads'),
      ...(calls === null ? [] : [evidence(`${count(calls)} futex calls a request`, calls, 'calls/request')]),
      evidence(`all threads of the process together used ${percent(gil.cpuShare)} of a core`, gil.cpuShare, 'cores'),
      evidence(`${percent(gil.handingOver)} of a core went into futex calls`, gil.handingOver, 'cores'),
      ...(idleCores >= ROOM ? [] : [against(`only ${count(idleCores)} cores were idle: a part of it is waiting for a CPU`, idleCores, 'cores')]),
    ],
    culprit: { kind: 'lock', name: 'GIL' },
    advice: [
      'Serve with fewer threads in a process: one that answers many connections in turn (an event loop, gevent, or no threads at all) does not hand the lock over.',
      'Then use more processes for more cores; threads of one interpreter add none.',
      'Check: with one thread (or the threads option off) the rate rises; futex calls a request fall.',
    ],
  });
}
