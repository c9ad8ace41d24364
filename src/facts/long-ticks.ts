import type { CpuProfile } from '../parse/cpuprofile.js';
import { samplesIn } from '../parse/cpuprofile-times.js';
import type { NodeRecords } from '../parse/node-ndjson.js';
import { threadDelta } from '../parse/proc-delta.js';
import type { FactReader, LongTick, LoopThread, Run } from '../types.js';
import { schedCaptureFact, syscallsCaptureFact } from './captures.js';
import { blockedStalls } from './blocked-stalls.js';
import { isIdleWait } from './idle.js';
import { pythonCulprit, pythonGcNs, pythonOwnNs, pythonSleeper } from './python-ticks.js';
import { cpuProfilesFact, nodeRecordsFact, procRecordingFact, pythonProfilesFact, pythonRecordsFact } from './recordings.js';
import { waitsOf } from './waits.js';

interface Span { startNs: number; endNs: number }

/** A tick as one source tells it; `onCpuNs` where that is known. */
interface Candidate extends Pick<LongTick, 'pid' | 'tid' | 'startNs' | 'lengthNs' | 'source'> {
  onCpuNs: number | null;
  /** Where that is all that was seen of it: the call that it stood in. */
  stoodIn?: string;
}

/** More than this of a tick makes it that: half, so that at most one cause holds. */
const MOST = 0.5;

/** What the probes call long: a tick with less than this on the CPU became long by waiting for one, ns. */
const LEAST_NS = 20e6;

/**
 * Ticks of 20 ms or more, each once, by the sharpest source that saw it: the tick itself in the observed window, else a
 * stretch on the CPU (always on), else the runtime's own delay, else by where looks at /proc found it blocked.
 */
export function longTicks(run: Run, read: FactReader, loops: readonly Pick<LoopThread, 'pid' | 'tid'>[], span: Span): LongTick[] {
  const tids = new Set(loops.map((l) => l.tid));
  const node = read(nodeRecordsFact);
  const records = node.ok ? node.value : [];
  const bySharpness = [...fromTicks(read), ...fromSched(read), ...fromNode(records, read), ...fromProc(loops, read)]
    .filter((c) => tids.has(c.tid) && c.startNs >= span.startNs && c.startNs < span.endNs);
  const chosen: Candidate[] = [];
  for (const c of bySharpness) {
    if (!chosen.some((d) => d.tid === c.tid && overlapNs(c, d) > 0) && !isOurs(c, records, read)) chosen.push(c);
  }
  const profiles = read(cpuProfilesFact);
  return chosen.sort((a, b) => a.startNs - b.startNs).map((c) => explain(c, run, read, records, profiles.ok ? profiles.value : []));
}

function fromTicks(read: FactReader): Candidate[] {
  const capture = read(syscallsCaptureFact);
  return capture.ok ? (capture.value.serving?.longTicks ?? []).map((t) => ({ ...t, source: 'event-loop', onCpuNs: onCpuIn(t, read) })) : [];
}

/**
 * Of a tick, what its thread ran, as the scheduler saw it: in long stretches (a tick without any was spent asleep), or,
 * where reads were not watched and a stretch may span many ticks, all but its long absences. Null where nobody looked.
 */
function onCpuIn(tick: { tid: number; startNs: number; lengthNs: number }, read: FactReader): number | null {
  const capture = read(schedCaptureFact);
  if (!capture.ok) return null;
  if (!capture.value.readsWatched) {
    return tick.lengthNs - capture.value.offCpu.filter((o) => o.tid === tick.tid).reduce((ns, o) => ns + overlapNs(o, tick), 0);
  }
  return fromSched(read).filter((s) => s.tid === tick.tid).reduce((ns, s) => ns + Math.min(overlapNs(s, tick), s.onCpuNs ?? 0), 0);
}

function fromSched(read: FactReader): Candidate[] {
  const capture = read(schedCaptureFact);
  // Without the reads nothing parts one request's work from the next one's.
  return capture.ok && capture.value.readsWatched ? capture.value.stretches.map(({ pid, tid, startNs, lengthNs, onCpuNs }) => ({ pid, tid, startNs, lengthNs, onCpuNs, source: 'sched' })) : [];
}

function fromNode(records: readonly NodeRecords[], read: FactReader): Candidate[] {
  return records.flatMap(({ meta, delays }) => (meta ? delays.filter((d) => !d.disturbed).map((d): Candidate => ({
    pid: meta.pid, tid: meta.tid, startNs: d.startNs, lengthNs: d.lengthNs, source: 'node',
    onCpuNs: onCpuIn({ tid: meta.tid, startNs: d.startNs, lengthNs: d.lengthNs }, read),
  })) : []));
}

function fromProc(loops: readonly Pick<LoopThread, 'pid' | 'tid'>[], read: FactReader): Candidate[] {
  const recording = read(procRecordingFact);
  return recording.ok ? loops.flatMap(({ pid, tid }) => blockedStalls(recording.value, pid, tid))
    .map(({ syscall, ...stall }) => ({ ...stall, source: 'proc', onCpuNs: 0, stoodIn: syscall })) : [];
}

function isOurs(c: Candidate, records: readonly NodeRecords[], read: FactReader): boolean {
  const python = read(pythonRecordsFact);
  if (python.ok && pythonOwnNs(python.value, c.pid, c) > MOST * c.lengthNs) return true;
  const own = records.find((r) => r.meta?.tid === c.tid)?.own ?? [];
  return own.reduce((ns, o) => ns + overlapNs({ startNs: o.startNs, lengthNs: o.endNs - o.startNs }, c), 0) > MOST * c.lengthNs;
}

function explain(c: Candidate, run: Run, read: FactReader, records: readonly NodeRecords[], profiles: readonly CpuProfile[]): LongTick {
  const { onCpuNs, stoodIn, ...tick } = c;
  const pythonProfiles = read(pythonProfilesFact);
  const sleeper = () => (pythonProfiles.ok ? pythonSleeper(pythonProfiles.value, c) : null);
  if (stoodIn !== undefined) return { ...tick, cause: 'blocked', syscall: stoodIn, culprit: sleeper() };
  const endNs = c.startNs + c.lengthNs;
  const python = read(pythonRecordsFact);
  const gcNs = (records.find((r) => r.meta?.tid === c.tid)?.gc ?? [])
    .reduce((ns, p) => ns + overlapNs({ startNs: p.startNs, lengthNs: p.durationNs }, c), 0);
  const profile = profiles.find((p) => p.tid === c.tid && p.startNs <= c.startNs && p.endNs >= endNs);
  const inside = profile ? samplesIn(profile, c.startNs, endNs) : null;
  const culprit = inside?.culprit ?? (pythonProfiles.ok ? pythonCulprit(pythonProfiles.value, c) : null);
  // Python's pauses are told in CPU time: what the thread waited for a CPU meanwhile is not among it.
  const pythonNs = python.ok ? pythonGcNs(python.value, c.pid, c) : 0;
  const ranNs = onCpuNs === null ? c.lengthNs : Math.max(onCpuNs, LEAST_NS);
  if (gcNs > MOST * c.lengthNs || pythonNs > MOST * ranNs) return { ...tick, cause: 'gc', syscall: null, culprit };

  const stood = standing(run, read, c);
  const asleep = onCpuNs !== null && onCpuNs < (1 - MOST) * c.lengthNs;
  const blocked = c.source !== 'sched' && stood.syscall !== null && (onCpuNs === null ? stood.blockedShare > MOST : asleep && stood.blockedShare > MOST);
  if (stood.byLock) return { ...tick, cause: 'run-queue', syscall: null, culprit: null };
  if (blocked) return { ...tick, cause: 'blocked', syscall: stood.syscall, culprit: culprit ?? sleeper() };
  if (onCpuNs !== null && onCpuNs < LEAST_NS) return { ...tick, cause: 'run-queue', syscall: null, culprit: null };
  return { ...tick, cause: onCpuNs === null && stood.syscall === null && !inside && !culprit ? 'unknown' : 'cpu', syscall: null, culprit };
}

/** A slice of /proc's samples, ns: where a thread stood is known no finer than that. */
const SLICE_NS = 250e6;

/**
 * Where samples of /proc found the thread around the tick, its event wait left out; time asleep there over the tick's length.
 * `byLock`: asleep, but for its turn at the interpreter's lock, which is a wait for the CPU under another name.
 */
function standing(run: Run, read: FactReader, c: Candidate): { syscall: string | null; blockedShare: number; byLock: boolean } {
  const recording = read(procRecordingFact);
  if (!recording.ok) return { syscall: null, blockedShare: 0, byLock: false };
  const thread = threadDelta(recording.value, c.startNs - SLICE_NS, c.startNs + c.lengthNs + SLICE_NS).find((t) => t.tid === c.tid);
  const places = thread?.places ?? [];
  const looks = places.reduce((sum, p) => sum + p.count, 0);
  const asleep = waitsOf(places, recording.value, run.manifest.target.port).filter((w) => w.in !== 'running' && !isIdleWait(w.in));
  const others = asleep.filter((w) => w.on?.kind !== 'gil');
  const share = others.reduce((sum, w) => sum + w.share, 0);
  const gilShare = asleep.reduce((sum, w) => sum + w.share, 0) - share;
  return { syscall: others[0]?.in ?? null, blockedShare: share * looks * recording.value.header.tickNs / c.lengthNs, byLock: gilShare > share };
}

const overlapNs = (a: { startNs: number; lengthNs: number }, b: { startNs: number; lengthNs: number }): number =>
  Math.max(0, Math.min(a.startNs + a.lengthNs, b.startNs + b.lengthNs) - Math.max(a.startNs, b.startNs));
