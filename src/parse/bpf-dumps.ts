import { bpftraceRecords, type BpfNumber, type BpfRecord, type BpfStats, type HistBucket } from './bpftrace-json.js';

/**
 * What every probe of ours has in common: cumulative maps, printed again and again, and once more at the end.
 *
 *   open T0 | slice T1, maps | slice T2, maps | ... | end | all maps, @close among them
 *           |<--- counting, gated by the program ------------------ @close -->|
 */
export interface Dumps {
  openNs: number;
  /** The moment the gate closed (whyslow's SIGINT was sent); the last slice where the program was killed instead. */
  closeNs: number;
  /** In order of time, the last at closeNs. Maps keep what they held where a slice printed none. */
  dumps: Dump[];
  /** Text of every printf but open, slice and end, in the order it came. */
  lines: string[];
  /** What follows `open T` on its line. */
  openWords: string[];
  /** Content of the runner's own lines. */
  threads: unknown[];
  fds: unknown[];
  health: BpfHealth;
}

export interface Dump { atNs: number; maps: Map<string, BpfRecord> }

/** Whether the figures are all there. */
export interface BpfHealth {
  lostEvents: number;
  /** What went wrong inside the program, each once: a full map, or what bpftrace says a helper refused. */
  problems: string[];
}

/** Null when the program never opened its gate: there is nothing in the text, not even zeros. */
export function readDumps(chunks: string | Iterable<string>): Dumps | null {
  let openNs = 0;
  let openWords: string[] = [];
  const slices: Dump[] = [];
  const final = new Map<string, BpfRecord>();
  const lines: string[] = [];
  const threads: unknown[] = [];
  const fds: unknown[] = [];
  const problems = new Set<string>();
  let lostEvents = 0;
  let inSlice = new Set<string>();
  let ended = false;
  for (const record of bpftraceRecords(chunks)) {
    switch (record.type) {
      case 'printf': {
        const [word, ns, ...more] = record.text.trim().split(' ');
        if (word === 'open') [openNs, openWords] = [Number(ns), more];
        else if (word === 'slice') {
          // What a slice does not print was empty, or is as it was: the maps only grow.
          if (!ended) slices.push({ atNs: Number(ns), maps: new Map(slices.at(-1)?.maps) });
          inSlice = new Set();
        } else if (word === 'end') ended = true;
        else lines.push(record.text.trim());
        break;
      }
      case 'map': case 'hist': case 'stats': case 'texts':
        // A map a second time is the dump at the end, whose `end` line was lost.
        ended ||= inSlice.has(record.name);
        inSlice.add(record.name);
        if (!ended) slices.at(-1)?.maps.set(record.name, record);
        final.set(record.name, record);
        break;
      case 'limits':
        for (const name of fullMaps(final, record.mapKeys)) problems.add(`map ${name} is full: some of what it counts is missing`);
        break;
      case 'lost': lostEvents += record.events; break;
      case 'problem': problems.add(record.text); break;
      case 'threads': threads.push(record.data); break;
      case 'fds': fds.push(record.data); break;
      case 'attached': break;
    }
  }
  if (!(openNs > 0)) return null;
  const closeNs = toNumber(entriesOf(final, '@close')[0]?.[1] ?? 0);
  const dumps = closeNs > 0 ? [...slices.filter((s) => s.atNs < closeNs), { atNs: closeNs, maps: final }] : slices;
  return { openNs, closeNs: dumps.at(-1)?.atNs ?? openNs, dumps, lines, openWords, threads, fds, health: { lostEvents, problems: [...problems] } };
}

/** For counts at the end; null also where the program was killed before it said what it had counted. */
export function readCounted(chunks: string | Iterable<string>): (Dumps & { last: Dump }) | null {
  const dumps = readDumps(chunks);
  const last = dumps?.dumps.at(-1);
  return dumps && last ? { ...dumps, last } : null;
}

export const toNumber = (v: BpfNumber): number => Number(v);

type Maps = Map<string, BpfRecord>;

/** Plain numbers by key (count, sum, max, or a value). */
export function entriesOf(maps: Maps, name: string): [key: string, value: BpfNumber][] {
  const record = maps.get(name);
  return record?.type === 'map' ? record.entries : [];
}

/** Stacks by key. */
export function textsOf(maps: Maps, name: string): [key: string, value: string][] {
  const record = maps.get(name);
  return record?.type === 'texts' ? record.entries : [];
}

export function statsOf(maps: Maps, name: string): [key: string, value: BpfStats][] {
  const record = maps.get(name);
  return record?.type === 'stats' ? record.entries : [];
}

export function histsOf(maps: Maps, name: string): [key: string, buckets: HistBucket[]][] {
  const record = maps.get(name);
  return record?.type === 'hist' ? record.entries : [];
}

/** `"9985,9985,1"` -> numbers. */
export const keyNumbers = (key: string): number[] => key.split(',').map(Number);

/** Sums of a map with a numeric value, by key; one number for a map without keys. */
export const numbersOf = (maps: Maps, name: string): Map<string, number> =>
  new Map(entriesOf(maps, name).map(([key, value]) => [key, toNumber(value)]));

/** Periods between one dump and the next, from the gate's opening on. */
export function periodsOf(dumps: Dumps): { startNs: number; endNs: number; before: Dump | null; after: Dump }[] {
  return dumps.dumps.map((after, i) => {
    const before = dumps.dumps[i - 1] ?? null;
    return { startNs: before?.atNs ?? dumps.openNs, endNs: after.atNs, before, after };
  });
}

/** A histogram takes a key for every bucket that is not empty. */
function fullMaps(maps: Maps, limit: number): string[] {
  const keys = (r: BpfRecord): number => {
    if (r.type === 'hist') return r.entries.reduce((sum, [, buckets]) => sum + buckets.filter((b) => b.count > 0).length, 0);
    return r.type === 'map' || r.type === 'stats' ? r.entries.length : 0;
  };
  return limit > 0 ? [...maps].filter(([, record]) => keys(record) >= limit).map(([name]) => name) : [];
}
