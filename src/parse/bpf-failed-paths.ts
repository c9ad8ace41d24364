/**
 * Reads the output of probes/failed-paths.bt. Keys: pid,number,errno,path and pid,tid,number.
 *
 *   {"type": "map", "data": {"@failed": {"11700,332,2,/srv/app/views/a.html": 23}}}
 *   {"type": "map", "data": {"@lookups": {"11700,11700,257": 1, "11700,11700,332": 161}}}
 *   {"type": "map", "data": {"@lookup_ns": {"11700,11700,332": 166563}}}
 *
 * A path is as the program gave it: relative ones are relative to its working directory (or to the call's dirfd).
 */
import { entriesOf, keyNumbers, numbersOf, periodsOf, readDumps, toNumber, type BpfHealth, type Dump } from './bpf-dumps.js';
import { errnoName } from './errno-names.js';
import { syscallName } from './syscall-names.js';

export interface FailedLookup {
  pid: number;
  nr: number;
  name: string;
  errno: string;
  path: string;
  /** The path fills bpftrace's string limit: there may be more of it. */
  truncated: boolean;
  calls: number;
}

/** Path lookups (open, stat, access, readlink, execve and their kin) of one thread, those that worked included. */
export interface LookupStat { pid: number; tid: number; nr: number; name: string; calls: number; ns: number }

export interface FailedPathsPeriod { startNs: number; endNs: number; failed: FailedLookup[]; lookups: LookupStat[] }

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
  const dumps = readDumps(chunks);
  const last = dumps?.dumps.at(-1);
  if (!dumps || !last) return null;
  const { openNs, closeNs, health } = dumps;
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
  return {
    startNs, endNs,
    failed: grown('@failed').map(([key, calls]) => {
      // The path comes last and may hold commas.
      const [pid = 0, nr = 0, errno = 0] = keyNumbers(key.split(',', 3).join(','));
      const path = key.split(',').slice(3).join(',');
      return { pid, nr, name: syscallName(nr, arch), errno: errnoName(errno), path, truncated: utf8Bytes(path) >= PATH_BYTES, calls };
    }),
    lookups: grown('@lookups').map(([key, calls]) => {
      const [pid = 0, tid = 0, nr = 0] = keyNumbers(key);
      return { pid, tid, nr, name: syscallName(nr, arch), calls, ns: ns.get(key) ?? 0 };
    }),
  };
}

const encoder = new TextEncoder();
const utf8Bytes = (text: string): number => encoder.encode(text).length;
