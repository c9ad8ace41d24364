/**
 * Reads python.<pid>.ndjson, written by our sitecustomize in each Python process of the target.
 *
 * Format: probes/python/watch.py and sampler.py. Generations: https://docs.python.org/3/library/gc.html#gc.callbacks
 *
 *   {"type":"meta","pid":71,"implementation":"cpython","version":"3.11.2","stdlib":"/usr/lib/python3.11","own":"/tmp/x/python-probe",...}
 *   {"type":"gc","startNs":1,"endNs":250000001,"generations":[[31,812000,40100],...],"pauses":[[2,91,4200000]]}
 *   {"type":"function","id":0,"name":"render","file":"/app/views.py","line":12}
 *   {"type":"stack","id":0,"line":31,"functions":[4,2,0]}                    innermost first
 *   {"type":"samples","tid":71,"samples":[[91,0,9800000]]}                   time, stack, CPU
 *   {"type":"waits","tid":71,"waits":[[95,3]]}                               asleep in a call: time of the look, stack
 *
 * A killed process leaves a cut last line; that and lines of unknown shape are counted, not thrown at.
 */
import type { Frame } from '../types.js';
import { numbers, objectOf, type Raw } from './ndjson.js';
import { pythonFrame } from './python-frame.js';

export interface PythonMeta {
  pid: number;
  implementation: string;
  version: string;
  stdlib: string;
  /** Folder of the probe: its own frames are left out. */
  own: string;
  atNs: number;
}

/** Collections of one slice (250 ms or more); each [count, ns, longest ns] by generation. */
export interface PythonGcSlice {
  startNs: number;
  endNs: number;
  generations: [count: number, ns: number, longestNs: number][];
  /** Those of 1 ms or more, one by one. */
  pauses: { generation: number; startNs: number; durationNs: number }[];
}

/** A place in a stack: the same object wherever the same function stands. */
export interface PythonStack {
  /** Innermost first; frames of the probe itself are left out. */
  frames: Frame[];
  /** Where the innermost function stood. */
  line: number;
  /** The probe itself ran. */
  own: boolean;
}

export interface PythonProfile {
  pid: number;
  startNs: number;
  endNs: number;
  /** CPU of the whole process meanwhile; more than all samples together = threads that ended between two samples. */
  cpuNs: number;
  /** What drives it: names of loops and servers that are loaded. */
  modules: string[];
  threads: { tid: number; name: string; samples: { atNs: number; stack: PythonStack; cpuNs: number }[] }[];
  /** Looks that found a thread asleep in a call, by thread. */
  waits: { tid: number; looks: { atNs: number; stack: PythonStack }[] }[];
  /** Where collections began. */
  collections: { stack: PythonStack; count: number; ns: number }[];
}

export interface PythonRecords {
  meta: PythonMeta | null;
  gc: PythonGcSlice[];
  profile: PythonProfile | null;
  own: { startNs: number; endNs: number }[];
  end: { atNs: number; reason: string } | null;
  malformed: number;
}

type Rows = (readonly number[])[];
interface Tables {
  frames: Map<number, Frame>;
  stacks: Map<number, PythonStack>;
  names: Map<number, string>;
  samples: { tid: number; rows: Rows }[];
  waits: { tid: number; rows: Rows }[];
  collections: Rows;
}

export function parsePythonNdjson(text: string): PythonRecords {
  const records: PythonRecords = { meta: null, gc: [], profile: null, own: [], end: null, malformed: 0 };
  const tables: Tables = { frames: new Map(), stacks: new Map(), names: new Map(), samples: [], waits: [], collections: [] };
  for (const line of text.split('\n')) {
    if (line.trim() !== '' && !take(line, records, tables)) records.malformed += 1;
  }
  return records;
}

function take(line: string, into: PythonRecords, tables: Tables): boolean {
  const raw = objectOf(line);
  if (!raw) return false;
  switch (raw['type']) {
    case 'meta':
      if (!numbers(raw, 'pid', 'atNs') || !texts(raw, 'implementation', 'version', 'stdlib', 'own')) return false;
      into.meta ??= raw as unknown as PythonMeta;
      return true;
    case 'gc':
      return takeGc(raw, into);
    case 'function':
      if (!numbers(raw, 'id', 'line') || !texts(raw, 'name', 'file') || !into.meta) return false;
      tables.frames.set(raw['id'] as number, pythonFrame(raw['name'] as string, raw['file'] as string, raw['line'] as number, into.meta));
      return true;
    case 'stack':
      return takeStack(raw, tables, into.meta);
    case 'thread':
      if (!numbers(raw, 'tid') || !texts(raw, 'name')) return false;
      tables.names.set(raw['tid'] as number, raw['name'] as string);
      return true;
    case 'samples':
      if (!numbers(raw, 'tid') || !isRows(raw['samples'], 3)) return false;
      tables.samples.push({ tid: raw['tid'] as number, rows: raw['samples'] });
      return true;
    case 'waits':
      if (!numbers(raw, 'tid') || !isRows(raw['waits'], 2)) return false;
      tables.waits.push({ tid: raw['tid'] as number, rows: raw['waits'] });
      return true;
    case 'gc-stacks':
      if (!isRows(raw['stacks'], 3)) return false;
      tables.collections = raw['stacks'];
      return true;
    case 'profile':
      return takeProfile(raw, into, tables);
    case 'own':
      if (!numbers(raw, 'startNs', 'endNs')) return false;
      into.own.push(raw as unknown as PythonRecords['own'][number]);
      return true;
    case 'end':
      if (!numbers(raw, 'atNs') || !texts(raw, 'reason')) return false;
      into.end = raw as unknown as NonNullable<PythonRecords['end']>;
      return true;
    default:
      return false;
  }
}

const texts = (raw: Raw, ...names: string[]): boolean => names.every((name) => typeof raw[name] === 'string');
const isRows = (value: unknown, width: number): value is Rows =>
  Array.isArray(value) && value.every((row) => Array.isArray(row) && row.length >= width && row.every(Number.isFinite));

function takeGc(raw: Raw, into: PythonRecords): boolean {
  const { generations, pauses } = raw;
  if (!numbers(raw, 'startNs', 'endNs') || !isRows(generations, 3) || !isRows(pauses, 3)) return false;
  into.gc.push({
    startNs: raw['startNs'] as number, endNs: raw['endNs'] as number,
    generations: generations.map(([count = 0, ns = 0, longestNs = 0]) => [count, ns, longestNs]),
    pauses: pauses.map(([generation = 0, startNs = 0, durationNs = 0]) => ({ generation, startNs, durationNs })),
  });
  return true;
}

function takeStack(raw: Raw, { frames, stacks }: Tables, meta: PythonMeta | null): boolean {
  const functions = raw['functions'];
  if (!numbers(raw, 'id', 'line') || !isRows([functions], 1) || !meta) return false;
  const all = (functions as number[]).flatMap((id) => frames.get(id) ?? []);
  const named = all.filter((frame) => !frame.file?.startsWith(`${meta.own}/`));
  stacks.set(raw['id'] as number, { frames: named, line: raw['line'] as number, own: named.length < all.length });
  return true;
}

function takeProfile(raw: Raw, into: PythonRecords, tables: Tables): boolean {
  if (!numbers(raw, 'id', 'atNs')) return false;
  if (raw['event'] !== 'stopped') return true;
  if (!numbers(raw, 'startNs', 'endNs', 'cpuNs') || !Array.isArray(raw['modules']) || !into.meta) return false;
  const { stacks } = tables;
  into.profile = {
    pid: into.meta.pid, startNs: raw['startNs'] as number, endNs: raw['endNs'] as number, cpuNs: raw['cpuNs'] as number,
    modules: raw['modules'].filter((name): name is string => typeof name === 'string'),
    threads: tables.samples.map(({ tid, rows }) => ({
      tid, name: tables.names.get(tid) ?? '',
      samples: rows.flatMap(([atNs = 0, id = -1, cpuNs = 0]) => {
        const stack = stacks.get(id);
        return stack ? [{ atNs, stack, cpuNs }] : [];
      }),
    })),
    waits: tables.waits.map(({ tid, rows }) => ({
      tid,
      looks: rows.flatMap(([atNs = 0, id = -1]) => {
        const stack = stacks.get(id);
        return stack ? [{ atNs, stack }] : [];
      }),
    })),
    collections: tables.collections.flatMap(([id = -1, count = 0, ns = 0]) => {
      const stack = stacks.get(id);
      return stack ? [{ stack, count, ns }] : [];
    }),
  };
  return true;
}
