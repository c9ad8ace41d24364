/**
 * Reads node.<pid>.<tid>.ndjson, written by our preload in each Node thread of the target.
 *
 * Format: probes/node/preload.cjs. The numbers come from Node's perf_hooks, https://nodejs.org/api/perf_hooks.html
 * (kinds and flags of GC: `perf_hooks.constants.NODE_PERFORMANCE_GC_*`), and v8.getHeapStatistics().
 *
 *   {"type":"meta","pid":9100,"tid":9100,"ppid":9090,"node":"v20.20.2","isMainThread":true,"threadId":0,"script":"/app/s.js",...}
 *   {"type":"slice","startNs":1,"endNs":250000001,"elu":0.93,"delayNs":{"min":...,"max":...},"lateMs":{"0":24,"1":1},"heapUsed":9e6,...}
 *   {"type":"gc","pauses":[[1,2091795218530,932612,0]]}
 *   {"type":"delay","afterNs":...,"endNs":...,"idleNs":9100000}
 *   {"type":"own","startNs":...,"endNs":...,"what":"profile-stop"}
 *   {"type":"profile","event":"stopped","id":1,"atNs":...,"heldNs":...}
 *   {"type":"doctor","samples":[[atNs,delayMs,cpu,rss,heapTotal,heapUsed,external,handles,loopUtilization],...]}
 *   {"type":"end","atNs":...,"reason":"asked"}
 *
 * A killed process leaves a cut last line; that and lines of unknown shape are counted, not thrown at.
 */
import { isObject, numbers, objectOf } from './ndjson.js';

export interface NodeMeta {
  pid: number;
  /** The kernel's thread id; of the main thread the pid. */
  tid: number;
  ppid: number;
  node: string;
  v8: string;
  isMainThread: boolean;
  threadId: number;
  execArgv: string[];
  script: string | null;
  atNs: number;
  periodMs: number;
}

export interface NodeSlice {
  startNs: number;
  endNs: number;
  /** Event-loop utilization 0..1; null while a CPU profile ran. */
  elu: number | null;
  /** monitorEventLoopDelay of this slice; holds the period of its timer (10 ms) as well. */
  delayNs: { min: number; mean: number; p50: number; p99: number; max: number; exceeds: number } | null;
  /** How late the probe's own timer (`periodMs`) came: whole ms (rounded down) -> count. Slices add up, quantiles do not. */
  lateMs: Record<string, number>;
  heapUsed: number;
  heapTotal: number;
  external: number;
  /** Heap growth over stretches without a collection, and their length: an allocation rate. ns 0 = none. */
  allocated: { bytes: number; ns: number };
  /** These once a second. */
  rss?: number;
  resources?: Record<string, number>;
  uv?: { loopCount: number; events: number; eventsWaiting: number };
}

export type GcKind = 'scavenge' | 'minor-mark-sweep' | 'mark-sweep-compact' | 'incremental' | 'weak-callbacks' | 'unknown';

export interface GcPause { kind: GcKind; startNs: number; durationNs: number; flags: number }

/** The loop did not turn: someone held it for about `lengthNs`, true within `precisionNs`. */
export interface LoopDelay {
  startNs: number;
  endNs: number;
  lengthNs: number;
  precisionNs: number;
  /** Began right after the probe itself had held the thread: a profile's start drops compiled code. Not the target's stall. */
  disturbed: boolean;
}

/** What Clinic Doctor samples every 10 ms: probes/node/doctor.cjs. */
export interface DoctorSample {
  atNs: number;
  delayMs: number;
  /** Of the process, of one core. */
  cpu: number;
  rss: number;
  heapTotal: number;
  heapUsed: number;
  external: number;
  handles: number;
  /** Since the process began, percent; null before Node 14.10. */
  loopUtilization: number | null;
}

export interface NodeRecords {
  meta: NodeMeta | null;
  slices: NodeSlice[];
  gc: GcPause[];
  delays: LoopDelay[];
  /** The probe itself held the thread: no stall of the target's. */
  own: { startNs: number; endNs: number; what: string }[];
  profiles: { event: 'started' | 'stopped' | 'written' | 'failed'; id: number; atNs: number; heldNs?: number; bytes?: number; reason?: string }[];
  end: { atNs: number; reason: string } | null;
  /** Only where a second opinion was asked for. */
  doctor: DoctorSample[];
  /** Lines that could not be read. */
  malformed: number;
}

/** perf_hooks.constants.NODE_PERFORMANCE_GC_*; 2 came with V8 10 (MinorMC). */
const GC_KIND: Record<number, GcKind> = { 1: 'scavenge', 2: 'minor-mark-sweep', 4: 'mark-sweep-compact', 8: 'incremental', 16: 'weak-callbacks' };

export function parseNodeNdjson(text: string): NodeRecords {
  const records: NodeRecords = { meta: null, slices: [], gc: [], delays: [], own: [], profiles: [], end: null, doctor: [], malformed: 0 };
  for (const line of text.split('\n')) {
    if (line.trim() !== '' && !take(line, records)) records.malformed += 1;
  }
  return records;
}

function take(line: string, into: NodeRecords): boolean {
  const raw = objectOf(line);
  if (!raw) return false;
  const { type, ...rest } = raw;
  switch (type) {
    case 'meta':
      if (!numbers(rest, 'pid', 'tid', 'atNs', 'periodMs')) return false;
      into.meta ??= rest as unknown as NodeMeta;
      return true;
    case 'slice':
      if (!numbers(rest, 'startNs', 'endNs', 'heapUsed', 'heapTotal') || !isObject(rest['lateMs']) || !isObject(rest['allocated'])) return false;
      into.slices.push(rest as unknown as NodeSlice);
      return true;
    case 'gc':
      return takeGc(rest['pauses'], into);
    case 'delay':
      if (!numbers(rest, 'afterNs', 'endNs')) return false;
      into.delays.push(delayOf(rest as unknown as RawDelay, into));
      return true;
    case 'own':
      if (!numbers(rest, 'startNs', 'endNs')) return false;
      into.own.push(rest as unknown as NodeRecords['own'][number]);
      return true;
    case 'profile':
      if (!numbers(rest, 'id', 'atNs')) return false;
      into.profiles.push(rest as unknown as NodeRecords['profiles'][number]);
      return true;
    case 'doctor':
      return takeDoctor(rest['samples'], into);
    case 'end':
      if (!numbers(rest, 'atNs')) return false;
      into.end = rest as unknown as NonNullable<NodeRecords['end']>;
      return true;
    default:
      return false;
  }
}

function takeGc(pauses: unknown, into: NodeRecords): boolean {
  if (!Array.isArray(pauses) || !pauses.every((p): p is number[] => Array.isArray(p) && p.length >= 4 && p.every(Number.isFinite))) return false;
  for (const [kind = 0, startNs = 0, durationNs = 0, flags = 0] of pauses) {
    into.gc.push({ kind: GC_KIND[kind] ?? 'unknown', startNs, durationNs, flags });
  }
  return true;
}

const DOCTOR_NUMBERS = 8;

function takeDoctor(samples: unknown, into: NodeRecords): boolean {
  if (!Array.isArray(samples) || !samples.every((s): s is number[] => Array.isArray(s) && s.length > DOCTOR_NUMBERS && s.slice(0, DOCTOR_NUMBERS).every(Number.isFinite))) return false;
  for (const [atNs = 0, delayMs = 0, cpu = 0, rss = 0, heapTotal = 0, heapUsed = 0, external = 0, handles = 0, loopUtilization = null] of samples) {
    into.doctor.push({ atNs, delayMs, cpu, rss, heapTotal, heapUsed, external, handles, loopUtilization });
  }
  return true;
}

interface RawDelay { afterNs: number; endNs: number; idleNs: number | null }

/** Above this the loop hardly idles, and its idle time says nothing about when the stall began. */
const SATURATED_ELU = 0.9;

/** The hot functions are compiled again by then. */
const COLD_NS = 100e6;

/**
 * The stall began between the last turn seen and one period later:
 *
 *   afterNs   (waiting and ordinary work: up to one period)   stall ................. endNs
 *            |<- idle / (1 - utilization) ------------------>|<------- lengthNs ----->|
 *
 * A loop that idles tells by its idle time how long the first part was; of a saturated one the middle is taken.
 */
function delayOf({ afterNs, endNs, idleNs }: RawDelay, { meta, slices, own }: NodeRecords): LoopDelay {
  const periodNs = (meta?.periodMs ?? 5) * 1e6;
  const longest = endNs - afterNs - (idleNs ?? 0);
  const shortest = Math.min(endNs - afterNs - periodNs, longest);
  const elu = slices.at(-1)?.elu ?? 1;
  const before = idleNs !== null && elu < SATURATED_ELU ? Math.min(idleNs / (1 - elu), periodNs) : periodNs / 2;
  const lengthNs = Math.min(Math.max(endNs - afterNs - before, shortest), longest);
  return {
    startNs: endNs - lengthNs, endNs, lengthNs,
    precisionNs: Math.max(longest - lengthNs, lengthNs - shortest),
    disturbed: afterNs - (own.at(-1)?.endNs ?? -Infinity) < COLD_NS,
  };
}
