/**
 * Names of code made at run time, as runtimes write them into /tmp/perf-PID.map.
 *
 * V8: src/logging/log.cc (PerfBasicLogger, CodeEventLogger); the mark is the tier (src/objects/code-kind.cc).
 *
 *   JS:*render /app/lib/view.js:12:20            optimized; ~ and nothing interpreted, ^ + ' baseline and maglev
 *   LazyCompile:~handler file:///app/x.mjs:3:1   before Node 20
 *   Script:~ /app/x.js:1:1                       a module's own code
 *   py::render:/app/views.py                     Python 3.12 and later (-X perf); no line
 */
export interface MappedName {
  name: string;
  kind: 'js' | 'python';
  file: string | null;
  line: number | null;
  tier?: 'interpreted' | 'baseline' | 'optimized';
}

const TIERS: Record<string, NonNullable<MappedName['tier']>> = { '~': 'interpreted', '': 'interpreted', '^': 'baseline', '+': 'baseline', '\'': 'baseline', '*': 'optimized' };
/** A name may hold blanks (`get size`): the file begins at the first blank before what looks like a path. */
const V8 = /^(?:JS|LazyCompile|Function|Eval|Script|Callback):([*~^+']*)(.*?)(?: ?((?:\/|[a-z-]+:).*?):(\d+)(?::\d+)?)?$/;

/** Null for what is neither: stubs, builtins, other runtimes. */
export function mappedName(symbol: string): MappedName | null {
  if (symbol.startsWith('py::')) {
    const at = symbol.indexOf(':', 4);
    return { name: symbol.slice(4, at === -1 ? undefined : at), kind: 'python', file: at === -1 ? null : symbol.slice(at + 1), line: null };
  }
  const match = V8.exec(symbol);
  if (!match) return null;
  const [, marks = '', name = '', file, line] = match;
  const tier = TIERS[marks.slice(0, 1)] ?? 'interpreted';
  return { name: name === '' ? '(anonymous)' : name, kind: 'js', file: file?.replace(/^file:\/\//, '') ?? null, line: line === undefined ? null : Number(line), tier };
}
