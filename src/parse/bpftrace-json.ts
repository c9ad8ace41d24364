/**
 * Reads what `bpftrace -f json` writes: one JSON object a line, `{type, data}`, blank lines between.
 * Source of the format: https://github.com/bpftrace/bpftrace/blob/master/src/output.cpp (JsonOutput)
 *
 *   {"type": "attached_probes", "data": {"probes": 9}}
 *   {"type": "printf", "data": "slice 2236449317200\n"}
 *   {"type": "map", "data": {"@ns": {"9985,9985,1": 180406, "9985,9985,39": 149015}}}
 *   {"type": "map", "data": {"@close": 2464958051888}}
 *   {"type": "hist", "data": {"@lat": {"9985,9985,1": [{"min": 512, "max": 1023, "count": 6}]}}}
 *   {"type": "stats", "data": {"@send_size": {"2": {"count": 4437, "average": 11, "total": 48807}}}}
 *   {"type": "lost_events", "data": {"events": 12}}
 *   {"type": "helper_error", "data": {"msg": "Argument list too long", "helper": "map_update_elem", "retcode": -7, ...}}
 *
 *   {"type": "map", "data": {"@k": {"9985": "\n    schedule+35\n    do_nanosleep+112\n"}}}          values that are stacks
 *
 * The keys of a map are joined by commas in one string. An empty map is a blank line (0.17) or `{}` (later).
 * whyslow's own runner adds lines at the end:
 *
 *   {"type": "whyslow_limits", "data": {"mapKeys": 8192}}                    a map with as many entries was full
 *   {"type": "whyslow_threads", "data": {"threads": [...]}}                   see bpf-ledger.ts
 *   {"type": "whyslow_fds", "data": {"fds": [...]}}                           see bpf-syscalls.ts
 */
import { linesOf } from './lines.js';

export interface HistBucket { min: number; max: number; count: number }
export interface BpfStats { count: number; average: number; total: number }

/** Numbers of 16 digits and more do not fit a double: they come as decimal strings. */
export type BpfNumber = number | string;

export type BpfRecord =
  | { type: 'map'; name: string; entries: [key: string, value: BpfNumber][] }
  | { type: 'hist'; name: string; entries: [key: string, value: HistBucket[]][] }
  | { type: 'stats'; name: string; entries: [key: string, value: BpfStats][] }
  | { type: 'texts'; name: string; entries: [key: string, value: string][] }
  | { type: 'printf'; text: string }
  | { type: 'attached'; probes: number }
  | { type: 'lost'; events: number }
  | { type: 'problem'; text: string }
  | { type: 'threads'; data: unknown }
  | { type: 'fds'; data: unknown }
  | { type: 'limits'; mapKeys: number };

/** One record a line; lines that are blank, cut or no JSON are passed over, whatever the chunks' edges. */
export function* bpftraceRecords(chunks: string | Iterable<string>): Generator<BpfRecord> {
  for (const line of linesOf(typeof chunks === 'string' ? [chunks] : chunks)) {
    const record = recordOf(line);
    if (record) yield record;
  }
}

/** A string, or a number too long for a double. Strings come first, so that digits inside a path stay as they are. */
const STRING_OR_LONG = /"(?:[^"\\]|\\.)*"|-?\d{16,}/g;

const quoteLong = (line: string): string =>
  /\d{16}/.test(line) ? line.replace(STRING_OR_LONG, (token) => (token.startsWith('"') ? token : `"${token}"`)) : line;

/**
 * Bytes of 128 and more in a path or name, as 0.17 escapes them: `caf\\uffffffc3\\uffffffa9` (a signed char gone wrong; JSON
 * would read U+FFFF and `ffc3`). Other escapes are matched so that they are passed over whole.
 */
const HIGH_BYTES = /(?:\\uffffff[0-9a-f]{2})+|\\[^]/g;

const decodeBytes = (line: string): string =>
  line.includes('\\uffffff') ? line.replace(HIGH_BYTES, (escape) => (escape.startsWith('\\uffffff') ? decoded(escape) : escape)) : line;

const utf8 = new TextDecoder();
const decoded = (escapes: string): string =>
  JSON.stringify(utf8.decode(Uint8Array.from(escapes.split('\\uffffff').slice(1), (hex) => parseInt(hex, 16)))).slice(1, -1);

function recordOf(line: string): BpfRecord | null {
  const text = line.trim();
  if (!text.startsWith('{')) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(quoteLong(decodeBytes(text)));
  } catch {
    return null;
  }
  if (!isObject(parsed)) return null;
  const { type, data } = parsed;
  switch (type) {
    case 'printf': return typeof data === 'string' ? { type, text: data } : null;
    case 'attached_probes': return isObject(data) ? { type: 'attached', probes: Number(data['probes']) || 0 } : null;
    case 'lost_events': return isObject(data) ? { type: 'lost', events: Number(data['events']) || 0 } : null;
    case 'helper_error': return isObject(data) ? { type: 'problem', text: `${String(data['helper'])}: ${String(data['msg'])}` } : null;
    case 'whyslow_threads': return { type: 'threads', data };
    case 'whyslow_fds': return { type: 'fds', data };
    case 'whyslow_limits': return isObject(data) ? { type: 'limits', mapKeys: Number(data['mapKeys']) || 0 } : null;
    case 'map': return holdsText(data) ? namedMap(data, 'texts', isText) : namedMap(data, 'map', isNumber);
    case 'hist': return namedMap(data, 'hist', toBuckets);
    case 'stats': return namedMap(data, 'stats', toStats);
    default: return null;
  }
}

type Dumped = Extract<BpfRecord, { entries: unknown }>;

function namedMap<T extends Dumped['type'], V>(data: unknown, type: T, value: (v: unknown) => V | null): BpfRecord | null {
  if (!isObject(data)) return null;
  const [named] = Object.entries(data);
  if (!named) return null;
  const [name, content] = named;
  // A map without keys holds its one value in place of the object of keys.
  const single = value(content);
  const pairs: [string, unknown][] = single !== null ? [['', content]] : isObject(content) ? Object.entries(content) : [];
  const entries = pairs.flatMap(([key, v]): [string, V][] => {
    const good = value(v);
    return good === null ? [] : [[key, good]];
  });
  return { type, name, entries } as unknown as BpfRecord;
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

const isNumber = (v: unknown): BpfNumber | null =>
  typeof v === 'number' || (typeof v === 'string' && /^-?\d+$/.test(v)) ? v : null;

/** Stacks are values as well: lines of `symbol+offset`, parted by line feeds. */
const isText = (v: unknown): string | null => (typeof v === 'string' ? v : null);
const holdsText = (data: unknown): boolean =>
  isObject(data) && Object.values(data).some((map) => isObject(map) && Object.values(map).some((v) => typeof v === 'string' && v.includes('\n')));

function toBuckets(v: unknown): HistBucket[] | null {
  if (!Array.isArray(v)) return null;
  return v.filter(isObject).map((b) => {
    const min = Number(b['min'] ?? 0);
    return { min, max: Number(b['max'] ?? min), count: Number(b['count']) || 0 };
  });
}

function toStats(v: unknown): BpfStats | null {
  if (!isObject(v) || !('count' in v) || !('total' in v)) return null;
  return { count: Number(v['count']), average: Number(v['average']), total: Number(v['total']) };
}
