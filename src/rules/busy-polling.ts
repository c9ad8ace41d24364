import { hotFunctionsFact } from '../facts/hot-functions.js';
import { READS, servingCallsFact, type PollingThread, type ServingCall, type ServingCallsFact } from '../facts/serving-calls.js';
import { threadsFact } from '../facts/threads.js';
import type { Diagnosis, FactReader, LedgerFact, Rule, ThreadsFact, ThreadUse } from '../types.js';
import { ledgerFact } from '../facts/ledger.js';
import { isSaturated, servingCpu } from './support/cpu.js';
import { count, frameName, percent, plural } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { functionCulprit, hottestOwn } from './support/hot-code.js';
import { vainReaders, type VainReaders } from './support/vain-readers.js';

const id = 'busy-polling';
const title = 'A thread asks again and again whether there is something to do';

/** Of a thread's wall time in polls that found nothing and the short turns after them. */
const SPINS = 0.25;
/** Polls that find nothing, a second: fewer are the boundaries of turns that do work. */
const LEAST_PER_S = 2_000;
/** A turn after an empty poll that lasts longer than this did something, ns. */
const IDLE_TURN_NS = 100_000;
/** Reads a request that find nothing: a loop that reads until EAGAIN has one a request. */
const VAIN_READS = 10;
/** Of all reads. */
const MOSTLY_VAIN = 0.8;
/** Of a serving thread's time asleep in futex, or in line for a CPU: it is kept from working, and this one may keep it. */
const KEPT = 0.1;
/** Fewer idle cores than this, and who spins takes the CPU from others. */
const NO_CORE_LEFT = 0.5;

/** Polls with a timeout of zero in a loop: CPU for asking, which others want for work. */
export const busyPolling: Rule = {
  id, title,
  diagnose(read) {
    const [calls, threads] = [read(servingCallsFact), read(threadsFact)];
    if (!calls.ok) return noData(calls);
    if (!threads.ok) return noData(threads);
    const vain = vainReads(calls.value, read);
    if (vain) return vain;
    const beside = besideTheWork(calls.value, threads.value, read);
    if (beside) return beside;
    const spinners = calls.value.polling.map((p) => ({ p, ...spinOf(p) }));
    const worst = spinners.sort((a, b) => b.share - a.share)[0];
    if (!worst || worst.perS < LEAST_PER_S || worst.turnNs > IDLE_TURN_NS || worst.share < SPINS) {
      return absent(worst && worst.perS > 0
        ? `${count(worst.perS)} polls a second found nothing: ${percent(worst.share)} of a thread's time, the boundaries of its turns`
        : 'no thread polled in vain');
    }
    const use = threads.value.threads.find((t) => t.tid === worst.p.tid) ?? null;
    const harm = harmOf(read, threads.value, use, worst.share);
    return found({
      id, title, kind: harm.share > 0 ? 'cause' : 'note',
      summary: `Thread ${use?.name ?? String(worst.p.tid)} polls ${count(worst.perS)} times a second in vain, ${percent(worst.share)} of its time: ${harm.words}.`,
      confidence: confidence(0.62, [[harm.share >= 0.2, 0.1], [worst.share >= 2 * SPINS, 0.08], [use === null ? null : true, 0.05]]),
      cost: { share: harm.share, msPerRequest: null },
      evidence: [
        evidence(`${count(worst.perS)} polls a second with a timeout of zero that found nothing`, worst.perS, 'calls/s'),
        evidence(`${percent(worst.share)} of the thread's time in them and in the turns between (${count(worst.turnNs / 1000)} us each)`, worst.share, 'share'),
        ...(use ? [evidence(`the thread used ${percent(use.cpuShare)} of a core`, use.cpuShare, 'cores')] : []),
        ...harm.evidence,
      ],
      culprit: { kind: 'thread', name: `${use?.name ?? 'thread'} (${String(worst.p.tid)})` },
      advice: [
        'Wait in the poll instead: no timeout, or the time until the next thing is due. What wakes it (a queue, another thread) writes to a pipe or eventfd that is polled as well.',
        'In Node, setImmediate or setTimeout(0) that schedules itself is this; in Python, select or get_nowait in a loop.',
        'Check: `strace -f -c -p PID` for a moment (it slows the server): poll, select or epoll_wait a second fall to about the rate of requests.',
      ],
    });
  },
};

/** Reads that find nothing, again and again, on a serving thread that is out of CPU: nobody asked poll first. */
function vainReads({ calls }: ServingCallsFact, read: FactReader): Diagnosis | null {
  const cpu = optional(servingCpu(read));
  const reads = calls.filter((c) => READS.test(c.name));
  const [made, failed, ns] = [(c: ServingCall) => c.perRequest, (c: ServingCall) => c.errorsPerRequest['EAGAIN'] ?? 0, (c: ServingCall) => c.nsPerRequest]
    .map((of) => reads.reduce((sum, c) => sum + of(c), 0)) as [number, number, number];
  if (!cpu || !isSaturated(cpu) || failed < VAIN_READS || failed < MOSTLY_VAIN * made) return null;
  const hot = optional(read(hotFunctionsFact));
  const code = hot ? hottestOwn(hot, () => false) : null;
  const inKernel = cpu.msPerRequest ? clamp(ns * (failed / made) / 1e6 / cpu.msPerRequest) : 0;
  // Whoever asks so often is found where the CPU is: the code around the calls, and the kernel's part of them.
  const share = clamp(inKernel + (code?.ownedShare ?? 0)) * cpu.latencyShare;
  if (share < SPINS) return null;
  const what = `${count(failed)} of ${count(made)} reads a request found nothing (EAGAIN)`;
  return found({
    id, title, kind: 'cause',
    summary: `${what}: sockets are asked again and again${code ? `, by ${frameName(code.frame)}` : ''}, in place of waiting until one of them is ready.`,
    confidence: confidence(0.65, [[failed >= 2 * VAIN_READS, 0.08], [code === null ? null : true, 0.07]]),
    cost: { share, msPerRequest: cpu.msPerRequest === null ? null : share * cpu.msPerRequest },
    evidence: [
      evidence(what, failed, 'calls/request'),
      evidence(`${percent(inKernel)} of the CPU in those calls`, inKernel, 'share'),
      ...(code ? [evidence(`${percent(code.ownedShare)} of the CPU in ${frameName(code.frame)} and what it calls`, code.ownedShare, 'share')] : []),
      evidence(`the serving ${cpu.limit} used ${percent(cpu.cpuShare)} of a core`, cpu.cpuShare, 'cores'),
    ],
    culprit: code ? functionCulprit(code.frame) : { kind: 'syscall', name: reads[0]?.name ?? 'recvfrom' },
    advice: [
      'Let the event loop watch the socket: add_reader, a protocol\'s data_received, or a stream\'s read, in place of a read in a loop with a sleep of 0.',
      'What must be asked in turns is asked seldom: a pause between rounds, or one poll over all of them.',
      'Check: `strace -f -c -e trace=recvfrom,read -p PID` for a moment (it slows the server): calls fall to about the number of messages.',
    ],
  });
}

/** Threads of a serving process that read in vain again and again, and have the lock, or the core, that requests want. */
function besideTheWork({ vainReaders: readers }: ServingCallsFact, threads: ThreadsFact, read: FactReader): Diagnosis | null {
  const spinning = vainReaders(readers, threads);
  const [first] = spinning?.threads ?? [];
  if (!spinning || !first || spinning.cpuShare < SPINS) return null;
  const harm = lockHeld(spinning, threads, optional(servingCpu(read))?.latencyShare ?? 1) ?? harmOf(read, threads, { ...first, cpuShare: spinning.cpuShare }, 1);
  if (harm.share === 0) return null;
  const hot = optional(read(hotFunctionsFact));
  const code = hot ? hottestOwn(hot, () => false) : null;
  const what = `${plural(spinning.threads.length, 'thread')} beside those that serve read ${count(spinning.perS)} times a second in vain (EAGAIN)`;
  return found({
    id, title, kind: 'cause',
    summary: `${what}: ${harm.words}.`,
    confidence: confidence(0.62, [[harm.share >= 0.2, 0.1], [spinning.cpuShare >= 2 * SPINS, 0.08], [code === null ? null : true, 0.05]]),
    cost: { share: harm.share, msPerRequest: null },
    evidence: [
      evidence(what, spinning.perS, 'calls/s'),
      evidence(`${percent(spinning.vainShare)} of their reads found nothing`, spinning.vainShare, 'share'),
      evidence(`they used ${percent(spinning.cpuShare)} of a core`, spinning.cpuShare, 'cores'),
      ...(code ? [evidence(`${percent(code.ownedShare)} of the CPU in ${frameName(code.frame)} and what it calls`, code.ownedShare, 'share')] : []),
      ...harm.evidence,
    ],
    culprit: code ? functionCulprit(code.frame) : { kind: 'thread', name: first.name },
    advice: [
      'Let them wait: a blocking read, or poll/select with a timeout before it; then they use no CPU until something comes.',
      'Check: `strace -f -c -e trace=recvfrom,read -p PID` for a moment (it slows the server): calls fall to about the number of messages.',
    ],
  });
}

function spinOf(p: PollingThread): { share: number; perS: number; turnNs: number } {
  const seconds = p.windowNs / 1e9;
  const pollNs = p.waits > 0 ? p.pollNs * (p.emptyPolls / p.waits) : 0;
  return { share: clamp((p.emptyNs + pollNs) / p.windowNs), perS: p.emptyPolls / seconds, turnNs: p.emptyPolls > 0 ? p.emptyNs / p.emptyPolls : 0 };
}

interface Harm { share: number; words: string; evidence: ReturnType<typeof evidence>[] }

/** What requests lose by it: nothing while only its own idle time is burnt; the lock or the core that it holds otherwise. */
function harmOf(read: FactReader, threads: ThreadsFact, use: ThreadUse | null, spinShare: number): Harm {
  if (use?.role === 'serving') return { share: 0, words: 'its own idle time, which costs a core but no request', evidence: [] };
  const serving = threads.threads.filter((t) => t.role === 'serving');
  const kept = Math.max(0, ...serving.map((t) => asleepInFutex(t, optional(read(ledgerFact)))));
  const queued = Math.max(0, ...serving.map((t) => t.runQueueShare));
  const spinCpu = (use?.cpuShare ?? 0) * spinShare;
  const processes = threads.processes.filter((p) => p.serving).reduce((sum, p) => sum + p.cpuShare, 0);
  const ofCpu = processes > 0 ? clamp(spinCpu / Math.max(processes, spinCpu)) : 0;
  const sameProcess = use !== null && serving.some((t) => t.pid === use.pid);
  const latencyShare = optional(servingCpu(read))?.latencyShare ?? 1;
  if (sameProcess && kept >= KEPT) {
    return { share: Math.max(ofCpu * latencyShare, kept * ofCpu), words: `it holds the lock that serving threads wait for ${percent(kept)} of the time`, evidence: [evidence(`serving threads wait for a lock ${percent(kept)} of the time`, kept, 'share'), evidence(`${percent(ofCpu)} of the process's CPU is this thread's polling`, ofCpu, 'share')] };
  }
  if (threads.idleCores < NO_CORE_LEFT && queued >= KEPT) {
    const share = clamp(Math.min(queued, spinCpu));
    return { share, words: `serving threads wait for a CPU ${percent(queued)} of the time, and no core is idle`, evidence: [evidence(`serving threads wait for a CPU ${percent(queued)} of the time`, queued, 'share')] };
  }
  return { share: 0, words: 'no serving thread is kept waiting by it', evidence: [] };
}

/** What the lock that they take in turn costs the threads of the same process. */
function lockHeld({ threads: spinning, cpuShare }: VainReaders, threads: ThreadsFact, latencyShare: number): Harm | null {
  const tids = new Set(spinning.map((t) => t.tid));
  const pid = spinning[0]?.pid;
  const process = threads.processes.find((p) => p.pid === pid)?.cpuShare ?? 0;
  const inLine = threads.threads.filter((t) => t.pid === pid && !tids.has(t.tid))
    .map((t) => t.waits.filter((w) => w.on?.kind === 'gil' || w.on?.kind === 'mutex').reduce((sum, w) => sum + w.share, 0));
  const kept = Math.max(0, ...inLine);
  if (kept < KEPT || process === 0) return null;
  const ofCpu = clamp(cpuShare / process);
  return {
    share: ofCpu * Math.max(latencyShare, kept), words: `they hold the lock that the others wait for ${percent(kept)} of the time`,
    evidence: [evidence(`${percent(ofCpu)} of the process's CPU is theirs`, ofCpu, 'share'), evidence(`another thread waits for a lock ${percent(kept)} of the time`, kept, 'share')],
  };
}

function asleepInFutex(t: ThreadUse, ledger: LedgerFact | null): number {
  const sampled = t.waits.filter((w) => w.in === 'futex').reduce((sum, w) => sum + w.share, 0);
  const parts = ledger?.threads.find((l) => l.tid === t.tid)?.parts ?? [];
  return Math.max(sampled, parts.filter((p) => p.state === 'blocked' && p.syscall === 'futex').reduce((sum, p) => sum + p.share, 0));
}
