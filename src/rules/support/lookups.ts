import type { FailedPath, FailedPathsFact, Frame, HotFunctionsFact, LedgerFact, SyscallsFact } from '../../types.js';
import { clamp } from './finding.js';

/** Calls that ask whether a path exists, or open it. */
const LOOKUP = /^(open|openat|openat2|stat|lstat|newfstatat|fstatat64|statx|access|faccessat2?|readlink|readlinkat|execve|execveat)$/;
/** The name leads nowhere; EACCES and EINVAL (readlink of what is no link) are other matters. */
const MISSING = new Set(['ENOENT', 'ENOTDIR']);
/** Where runtimes keep their file and module lookup code. */
const LOOKUP_CODE = /^(node:)?(fs|internal\/fs|internal\/modules)|(^|\/)(genericpath|posixpath|pathlib|linecache)\.py$|importlib/;

export const isMissing = (path: FailedPath): boolean => MISSING.has(path.errno);

/** Of failing lookups in one phase, those that found nothing. */
export function missingCalls(paths: readonly FailedPath[], phase: FailedPath['phase']): { calls: number; ofFailing: number } {
  const failing = paths.filter((p) => p.phase === phase);
  const calls = sum(failing.filter(isMissing).map((p) => p.calls));
  const all = sum(failing.map((p) => p.calls));
  // Where the list was not kept, take the failures for what they nearly always are.
  return { calls, ofFailing: all > 0 ? calls / all : 1 };
}

/** Of the time a serving thread is not idle, the part in lookup calls, in the kernel or blocked. Null without those calls by name. */
export function lookupShareOfBusy(ledger: LedgerFact): number | null {
  const shares = ledger.threads.map(({ parts }) => {
    const busy = sum(parts.filter((p) => p.state !== 'idle').map((p) => p.share));
    const lookups = sum(parts.filter((p) => p.syscall !== undefined && p.state !== 'idle' && LOOKUP.test(p.syscall)).map((p) => p.share));
    return busy > 0 ? { share: lookups / busy, busy } : { share: 0, busy: 0 };
  });
  const worst = shares.sort((a, b) => b.share * b.busy - a.share * a.busy)[0];
  return worst && worst.share > 0 ? worst.share : null;
}

/** Of lookups while serving, the part that failed for want of the file; null without counts. */
export function failingPart(syscalls: SyscallsFact): number | null {
  const lookups = syscalls.calls.filter((c) => c.phase === 'serving' && LOOKUP.test(c.name));
  const calls = sum(lookups.map((c) => c.calls));
  const missing = sum(lookups.flatMap((c) => Object.entries(c.errors).filter(([errno]) => MISSING.has(errno)).map(([, n]) => n)));
  return calls > 0 ? clamp(missing / calls) : null;
}

/** What the table of calls alone says of lookups in vain: how many a request, of paths that nobody wrote down. Null without counts. */
export function missingByCounts(syscalls: SyscallsFact): FailedPathsFact | null {
  const lookups = syscalls.calls.filter((c) => c.phase === 'serving' && LOOKUP.test(c.name));
  if (!syscalls.calls.some((c) => c.phase === 'serving' && c.perRequest !== null)) return null;
  const missed = (c: SyscallsFact['calls'][number]): number => sum(Object.entries(c.errors).filter(([errno]) => MISSING.has(errno)).map(([, n]) => n)) / (c.calls || 1);
  return {
    source: syscalls.source, paths: [], startupCalls: 0,
    servingPerRequest: sum(lookups.map((c) => (c.perRequest ?? 0) * missed(c))),
    servingMsPerRequest: sum(lookups.map((c) => ((c.timeNs / (c.calls || 1)) * (c.perRequest ?? 0)) / 1e6)),
  };
}

/** Time in lookups at startup, ms. */
export function startupLookupMs(syscalls: SyscallsFact): number {
  return sum(syscalls.calls.filter((c) => c.phase === 'startup' && LOOKUP.test(c.name)).map((c) => c.timeNs)) / 1e6;
}

/** CPU share of the runtime's lookup code with all below it, and who called it most. */
export function lookupCode(hot: HotFunctionsFact): { share: number; caller: Frame | null } {
  // Without callers it was never on top of the stack itself: its time is in what it called, listed on its own.
  const inside = hot.functions.filter((f) => isLookupCode(f.frame) && f.callers.length > 0);
  // The outermost only: existsSync within resolve within require is one cost, not three.
  const outer = inside.filter((f) => !f.callers.some(isLookupCode)).sort((a, b) => b.totalShare - a.totalShare);
  const callers = outer.flatMap((f) => f.callers).filter((c) => c.origin === 'app' || c.origin === 'dependency');
  return { share: clamp(sum(outer.map((f) => f.totalShare))), caller: callers[0] ?? null };
}

const isLookupCode = (frame: Frame): boolean => frame.file !== null && frame.origin === 'runtime' && LOOKUP_CODE.test(frame.file);

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
