import { foundPathsFact, type FoundPath } from '../facts/found-paths.js';
import { hotFunctionsFact } from '../facts/hot-functions.js';
import { servingCallsFact, type ServingCall } from '../facts/serving-calls.js';
import type { Frame, Rule } from '../types.js';
import { servingCpu } from './support/cpu.js';
import { readingCode } from './support/file-code.js';
import { count, frameName, ms, percent } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { namesCode } from './support/hot-code.js';
import { serverWork, shareOf, sourceWords } from './support/kernel.js';

const id = 'sync-fs-per-request';
const title = 'Each request reads the same files again';

/** Calls that look a path up, and those that only files are asked. */
const LOOKUP = /^(open|openat|openat2|stat|lstat|newfstatat|statx|access|faccessat2?|readlink|readlinkat)$/;
const FILE_ONLY = /^(open|openat|openat2|stat|lstat|fstat|newfstatat|statx|access|faccessat2?|readlink|readlinkat|pread64|preadv2?|getdents(64)?)$/;
const MISSING = ['ENOENT', 'ENOTDIR'];
/** Lookups of files that exist, a request: about one; fewer are caches being filled. */
const LEAST_PER_REQUEST = 0.9;
/** Of the server's work: below it they are there, but they are not why. */
const MATTERS = 0.08;
/** Where no profile names code: the kernel's side alone; a runtime's own is as much again and more. */
const MATTERS_KERNEL_SIDE = 0.05;
/** Less is what any server of files pays (open, fstat and close of one file take 5 us in the kernel), ms a request. */
const LEAST_MS = 0.012;
/** A file asked for in this many requests belongs to every request. */
const EVERY = 0.5;
const PATHS_SHOWN = 5;

/** stat, open and read of files that are there, on the thread that serves, again for each request. */
export const syncFsPerRequest: Rule = {
  id, title,
  diagnose(read) {
    const [calls, gathered] = [read(servingCallsFact), serverWork(read)];
    if (!calls.ok) return noData(calls);
    if (!gathered.ok) return noData(gathered);
    const { existing, missing } = lookups(calls.value.calls);
    if (existing < LEAST_PER_REQUEST) return absent(`${count(existing)} lookups of existing files a request on the threads that serve`);
    const work = gathered.value;
    const profile = optional(read(hotFunctionsFact));
    const code = profile && namesCode(profile) ? readingCode(profile) : null;
    // Lookups in vain are missing-file-lookups' part.
    const part = existing / (existing + missing);
    const kernel = shareOf(work.servingCalls, FILE_ONLY) * part;
    const byProfile = code && code.share * part;
    const share = clamp(Math.max(kernel, byProfile ?? 0));
    const cpu = optional(servingCpu(read));
    const perRequestMs = work.msPerRequest ?? cpu?.msPerRequest ?? null;
    const costMs = perRequestMs === null ? null : perRequestMs * share;
    if (share < (byProfile === null ? MATTERS_KERNEL_SIDE : MATTERS)) return absent(`${count(existing)} lookups of existing files a request take ${percent(share)} of the work`);
    if (costMs !== null && costMs < LEAST_MS) return absent(`${count(existing)} lookups of existing files a request take ${ms(costMs)}: what serving a file takes`);
    const paths = (optional(read(foundPathsFact)) ?? []).filter((p) => p.perRequest >= EVERY);
    return found({
      id, title, kind: 'cause',
      summary: `Each request looks up ${count(existing)} times files that are there${paths[0] ? `, such as ${paths[0].path}` : ''}, on the thread that serves: ${byProfile === null ? 'at least ' : ''}${percent(share)} of its work.`,
      confidence: confidence(0.58, [[paths.length > 0 ? true : null, 0.1], [byProfile === null ? null : byProfile >= MATTERS, 0.12], [share >= 2 * MATTERS, 0.06], [work.source === 'ledger' ? true : null, 0.05]]),
      cost: { share: share * work.latencyShare, msPerRequest: costMs },
      evidence: [
        evidence(`${count(existing)} lookups of existing files a request (open, stat, access), ${count(missing)} in vain`, existing, 'calls/request'),
        evidence(`${percent(kernel)} of the work in the kernel's file calls, ${sourceWords(work)}`, kernel, 'share'),
        ...(byProfile === null ? [] : [evidence(`${percent(byProfile)} of the CPU in the runtime's code for reading files${code?.called ? `, first in ${frameName(code.called)}` : ''}`, byProfile, 'share')]),
        ...(costMs === null ? [] : [evidence(`${ms(costMs)} a request`, costMs, 'ms/request')]),
        ...paths.slice(0, PATHS_SHOWN).map((p) => evidence(`${p.path}: ${count(p.perRequest)} a request (${p.syscalls.join(', ')})`, p.perRequest, 'calls/request')),
        ...(code?.caller ? [evidence(`asked for by ${frameName(code.caller)}`, 1, 'function')] : []),
      ],
      culprit: culpritOf(code?.caller ?? null, paths),
      advice: [
        `Read ${paths.length > 1 ? 'these files' : 'the file'} once and keep what came of it${code?.caller ? ` in ${frameName(code.caller)}` : ''}; look for changes with a watcher or a timer, not with each request.`,
        'What must be read each time goes through the asynchronous calls, so that the thread serves others meanwhile; it costs no less CPU.',
        'Template engines and settings libraries have a switch for this (auto-reload, cache, debug): it belongs off in production.',
        'Check: `strace -f -c -e trace=%file -p PID` for a moment (it slows the server): calls a request should drop to 0.',
      ],
    });
  },
};

function lookups(calls: readonly ServingCall[]): { existing: number; missing: number } {
  const of = calls.filter((c) => LOOKUP.test(c.name));
  const all = of.reduce((sum, c) => sum + c.perRequest, 0);
  const failed = of.reduce((sum, c) => sum + Object.values(c.errorsPerRequest).reduce((a, b) => a + b, 0), 0);
  const missing = of.reduce((sum, c) => sum + MISSING.reduce((n, errno) => n + (c.errorsPerRequest[errno] ?? 0), 0), 0);
  return { existing: Math.max(0, all - failed), missing };
}

/** The file is what people look for; the function says where. */
function culpritOf(caller: Frame | null, paths: readonly FoundPath[]) {
  const [first] = paths;
  const place = { ...(caller?.file ? { file: caller.file } : {}), ...(caller?.line ? { line: caller.line } : {}) };
  if (first) return { kind: 'path' as const, name: first.path, ...place };
  return caller ? { kind: 'function' as const, name: frameName(caller), ...place } : null;
}
