import type { Report } from '../types.js';

/**
 * Keys in the order a person reads them: who, what, how much, then the rest. Records (errors by errno) and keys
 * not listed follow in alphabetical order, so that the same report is the same bytes whoever built it.
 */
const ORDER = [
  'schema', 'whyslow', 'createdAt', 'target', 'verdict', 'findings', 'ruledOut', 'notObserved', 'load', 'phases', 'ledger',
  'syscalls', 'failedPaths', 'eventLoop', 'gc', 'hotFunctions', 'threads', 'generator', 'sockets', 'queue', 'limits', 'cpuUse', 'trends', 'probes', 'overhead', 'interrupted', 'secondOpinion',
  'id', 'origin', 'command', 'runtime', 'url', 'pid', 'tid', 'name', 'role', 'serving', 'title', 'summary', 'confidence', 'cost',
  'share', 'msPerRequest', 'tail', 'closeSecond', 'text', 'value', 'unit', 'speaks', 'evidence', 'culprit', 'follows', 'advice', 'what', 'why', 'enable',
  'tool', 'connections', 'keepAlive', 'requests', 'durationS', 'rps', 'latencyMs', 'errors', 'timeouts', 'non2xx', 'statuses', 'timeline',
  'startNs', 'endNs', 'mean', 'p10', 'p50', 'p90', 'p99', 'p999', 'max',
];
const rank = new Map(ORDER.map((key, i) => [key, i]));

/** The report as JSON: two spaces, newline at the end. Strings of the target stand as they are, escaped as JSON does. */
export function renderJson(report: Report): string {
  return `${escapeForTerminals(JSON.stringify(ordered(report), null, 2))}\n`;
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => byRank(a, b)).map(([key, item]) => [key, ordered(item)]));
}

const byRank = (a: string, b: string): number =>
  (rank.get(a) ?? ORDER.length) - (rank.get(b) ?? ORDER.length) || (a < b ? -1 : 1);

/** JSON leaves U+007F to U+009F and bidi overrides raw, and `--json -` may go to a terminal. The value stays the same. */
const escapeForTerminals = (json: string): string =>
  json.replace(/[\u007f-\u009f]|[\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''));
