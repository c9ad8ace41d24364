import { ledgerFact } from '../facts/ledger.js';
import { requestsFact } from '../facts/requests.js';
import { syscallsFact } from '../facts/syscalls.js';
import { threadsFact } from '../facts/threads.js';
import type { FactReader, Rule } from '../types.js';
import { joined, spentBy, SYNCS, type Blocked } from './support/calls.js';
import { servingCpu } from './support/cpu.js';
import { count, ms, percent } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { meanLatencyMs } from './support/latency.js';
import { waitingCode } from './support/waiting-code.js';

const id = 'fsync-per-request';
const title = 'Requests wait for the disk to confirm';

/** Calls a request: fewer, and they are gathered already (a checkpoint, a batch). */
const LEAST_CALLS = 0.1;
/** Of the latency, or of the serving thread. */
const LEAST_SHARE = 0.1;
/** Threads in such a call at once, on average: from here on hardly a moment passes without one, and they queue for the disk. */
const ONE_AT_A_TIME = 0.5;
/** Of the wall time, writes to a file that sleep: a write to memory does not. */
const SLEEPING_WRITES = 0.1;
const WRITES = /^(write|pwrite64|writev|pwritev2?)$/;

/** fsync and its kin on the request path, on the thread that serves or on one that works for it. */
export const fsyncPerRequest: Rule = {
  id, title,
  diagnose(read) {
    const [requests, threads] = [read(requestsFact), read(threadsFact)];
    if (!requests.ok) return noData(requests);
    if (!threads.ok) return noData(threads);
    const stands = standing(read);
    const calls = (optional(read(syscallsFact))?.calls ?? []).filter((c) => c.phase === 'serving' && SYNCS.test(c.name) && c.calls > 0);
    const perRequest = calls.length === 0 ? null : calls.reduce((sum, c) => sum + (c.perRequest ?? 0), 0);
    if (perRequest === null && stands.all < LEAST_SHARE) return absent('no thread waits for a disk to confirm');
    if (perRequest !== null && perRequest < LEAST_CALLS) return absent(`${count(perRequest)} fsync calls a request: gathered already`);
    const latencyMs = meanLatencyMs(requests.value);
    const eachMs = perRequest === null ? (stands.all * 1000) / requests.value.headline.rps
      : calls.reduce((sum, c) => sum + (c.perRequest ?? 0) * (c.timeNs / c.calls / 1e6), 0);
    const cpu = optional(servingCpu(read));
    // By their times as well: whoever waits for a CPU when the disk has answered was seen running, but still in the call.
    const atOnce = Math.max(stands.all, (eachMs * requests.value.headline.rps) / 1000);
    const inTurn = atOnce >= ONE_AT_A_TIME ? atOnce : 0;
    const share = clamp(Math.max(latencyMs ? eachMs / latencyMs : 0, stands.serving, inTurn));
    if (share < LEAST_SHARE) return absent(`${ms(eachMs)} of a request's ${ms(latencyMs ?? 0)} in ${calls[0]?.name ?? 'writes'}`);
    const call = stands.most?.syscall ?? calls[0]?.name ?? 'fsync';
    const file = stands.most?.on?.kind === 'file' ? stands.most.on.name : null;
    return found({
      id, title, kind: 'cause',
      summary: `${perRequest === null ? 'Writes that wait for the disk' : `${count(perRequest)} ${call} calls a request`}, ${ms(eachMs)} of each${file === null ? '' : `, for ${file}`}: `
        + `${stands.serving >= LEAST_SHARE ? `the serving threads stand in them ${percent(stands.serving)} of the time` : `${count(atOnce)} threads at once wait for the disk`}.`,
      confidence: confidence(0.6, [[perRequest === null ? null : true, 0.1], [stands.most ? true : null, 0.1], [file === null ? null : true, 0.05], [cpu === null ? null : cpu.cpuShare < 0.8, 0.05]]),
      cost: { share, msPerRequest: latencyMs === null ? eachMs : Math.max(eachMs, share * latencyMs) },
      evidence: [
        ...(perRequest === null ? [] : [evidence(`${count(perRequest)} calls a request (${calls.map((c) => c.name).join(', ')}), ${ms(eachMs)} together`, perRequest, 'calls/request')]),
        evidence(`${count(atOnce)} threads at once were in such a call, on average`, atOnce, 'threads'),
        ...(stands.serving > 0 ? [evidence(`serving threads stood there ${percent(stands.serving)} of their time`, stands.serving, 'share')] : []),
        ...(file === null ? [] : [evidence(`most of it for ${file}`, stands.most?.share ?? 0, 'threads')]),
        ...waitingCode(read),
        ...(cpu === null ? [] : [evidence(`the serving ${cpu.limit} used ${percent(cpu.cpuShare)} of a core meanwhile`, cpu.cpuShare, 'cores')]),
      ],
      culprit: file === null ? { kind: 'syscall', name: call } : { kind: 'path', name: file },
      advice: [
        'Confirm many requests with one call: gather what comes within some ms, write and sync once, then answer all (group commit).',
        'Or sync less: SQLite in WAL mode with synchronous=NORMAL, appendfsync everysec, a journal that is flushed on a timer; a power cut then loses the last moments.',
        'If it runs on the thread that serves, use the asynchronous form first: it does not make the disk faster, but others are served meanwhile.',
        'Check: `strace -f -c -w -e trace=fsync,fdatasync -p PID` for a second; after the change the calls a request fall and the rate rises.',
      ],
    });
  },
};

interface Stands { all: number; serving: number; most: Blocked | null }

/** Threads found in such calls at 100 Hz: how many at once, and for which file. */
function standing(read: FactReader): Stands {
  const threads = optional(read(threadsFact))?.threads ?? [];
  const ledger = optional(read(ledgerFact));
  const pids = new Set(threads.filter((t) => t.role !== 'helper').map((t) => t.pid));
  const own = threads.filter((t) => pids.has(t.pid)).map((t) => ({
    role: t.role,
    blocked: spentBy(t, ledger?.threads.find((l) => l.pid === t.pid && l.tid === t.tid)).blocked.filter(waitsForDisk),
  }));
  const sum = (of: typeof own): number => of.reduce((total, t) => total + t.blocked.reduce((share, b) => share + b.share, 0), 0);
  const serving = own.filter((t) => t.role === 'serving');
  return { all: sum(own), serving: serving.length === 0 ? 0 : sum(serving) / serving.length, most: joined(own.flatMap((t) => t.blocked))[0] ?? null };
}

const waitsForDisk = (b: Blocked): boolean => SYNCS.test(b.syscall) || (WRITES.test(b.syscall) && b.on?.kind === 'file' && b.share >= SLEEPING_WRITES);
