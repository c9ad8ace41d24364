/**
 * Reads the output of probes/failed-paths.bt. Keys: pid,number,errno,path (errno 0: found) and pid,tid,number. Older runs
 * have @failed in place of @paths, without those that were found.
 *
 *   {"type": "map", "data": {"@paths": {"11700,332,2,/srv/app/views/a.html": 23, "11700,257,0,/srv/app/views/b.html": 23}}}
 *   {"type": "map", "data": {"@lookups": {"11700,11700,257": 1, "11700,11700,332": 161}}}
 *   {"type": "map", "data": {"@lookup_ns": {"11700,11700,332": 166563}}}
 *
 * A path is as the program gave it: relative ones are relative to its working directory (or to the call's dirfd).
 */
import { entriesOf, keyNumbers, numbersOf, periodsOf, readCounted, toNumber, type BpfHealth, type Dump } from './bpf-dumps.js';
import { errnoName } from './errno-names.js';
import { syscallName } from './syscall-names.js';

/** A lookup of something that is there. */
export interface FoundLookup {
  pid: number;
  nr: number;
  name: string;
  path: string;
  /** The path fills bpftrace's string limit: there may be more of it. */
  truncated: boolean;
  calls: number;
}

export interface FailedLookup extends FoundLookup { errno: string }

/** Path lookups (open, stat, access, readlink, execve and their kin) of one thread, those that worked included. */
export interface LookupStat { pid: number; tid: number; nr: number; name: string; calls: number; ns: number }

export interface FailedPathsPeriod { startNs: number; endNs: number; failed: FailedLookup[]; found: FoundLookup[]; lookups: LookupStat[] }

export interface FailedPathsCapture {
  openNs: number;
  closeNs: number;
  health: BpfHealth;
  slices: FailedPathsPeriod[];
  totals: FailedPathsPeriod;
}

/** bpftrace's BPFTRACE_STRLEN as whyslow sets it, less the closing NUL, bytes. */
const PATH_BYTES = 199;

/** Null where the probe never saw anything, or was killed before it said what it had counted. */
export function parseFailedPaths(chunks: string | Iterable<string>, arch = 'x86_64'): FailedPathsCapture | null {
  const dumps = readCounted(chunks);
  if (!dumps) return null;
  const { openNs, closeNs, health, last } = dumps;
  return {
    openNs, closeNs, health,
    slices: periodsOf(dumps).map(({ startNs, endNs, before, after }) => periodOf(startNs, endNs, before, after, arch)),
    totals: periodOf(openNs, closeNs, null, last, arch),
  };
}

function periodOf(startNs: number, endNs: number, before: Dump | null, after: Dump, arch: string): FailedPathsPeriod {
  const grown = (name: string) => {
    const earlier = before ? numbersOf(before.maps, name) : new Map<string, number>();
    return entriesOf(after.maps, name)
      .map(([key, value]): [string, number] => [key, toNumber(value) - (earlier.get(key) ?? 0)])
      .filter(([, value]) => value > 0);
  };
  const ns = new Map(grown('@lookup_ns'));
  const paths = [...grown('@paths'), ...grown('@failed')].map(([key, calls]) => {
    // The path comes last and may hold commas.
    const [pid = 0, nr = 0, errno = 0] = keyNumbers(key.split(',', 3).join(','));
    const path = key.split(',').slice(3).join(',');
    return { errno, lookup: { pid, nr, name: syscallName(nr, arch), path, truncated: utf8Bytes(path) >= PATH_BYTES, calls } };
  });
  return {
    startNs, endNs,
    failed: paths.filter((p) => p.errno !== 0).map(({ errno, lookup }) => ({ ...lookup, errno: errnoName(errno) })),
    found: paths.filter((p) => p.errno === 0).map(({ lookup }) => lookup),
    lookups: grown('@lookups').map(([key, calls]) => {
      const [pid = 0, tid = 0, nr = 0] = keyNumbers(key);
      return { pid, tid, nr, name: syscallName(nr, arch), calls, ns: ns.get(key) ?? 0 };
    }),
  };
}

const encoder = new TextEncoder();
const utf8Bytes = (text: string): number => encoder.encode(text).length;
