import { failedPathsFact } from '../facts/failed-paths.js';
import { hotFunctionsFact } from '../facts/hot-functions.js';
import { ledgerFact } from '../facts/ledger.js';
import { syscallsFact } from '../facts/syscalls.js';
import type { FailedPathsFact, FactReader, Frame, Rule } from '../types.js';
import { servingCpu } from './support/cpu.js';
import { count, frameName, ms, percent } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { namesCode } from './support/hot-code.js';
import { failingPart, isMissing, lookupCode, lookupShareOfBusy, missingByCounts, missingCalls } from './support/lookups.js';
import { groupPaths } from './support/paths.js';

const id = 'missing-file-lookups';
const title = 'Each request looks for files that are not there';

/** Failing lookups a request: about one; fewer are caches being filled or rare branches. */
const LEAST_PER_REQUEST = 0.9;
/** Of the serving thread's time: below it they are there, but they are not why. */
const MATTERS = 0.05;
/** The same where no profile names code: the kernel's side alone. With the runtime's (paths, errors) it is several times that: 6% against 59% on a Node server. */
const MATTERS_KERNEL_SIDE = 0.02;
const PATHS_SHOWN = 5;

/** stat and open on paths that do not exist, again on each request: a search path walked at run time, an uncached miss. */
export const missingFileLookups: Rule = {
  id, title,
  diagnose(read) {
    const gathered = read(failedPathsFact);
    const syscalls = optional(read(syscallsFact));
    // Without the paths, the table of calls knows how many there are.
    const failed = gathered.ok ? gathered.value : syscalls && missingByCounts(syscalls);
    if (!failed) return gathered.ok ? absent('no lookups were seen') : noData(gathered);
    const { ofFailing, calls } = missingCalls(failed.paths, 'serving');
    if (failed.servingPerRequest === null) return { kind: 'no-data', why: 'failing lookups could not be set against requests', enable: 'drive the load with --load autocannon or wrk' };
    const perRequest = failed.servingPerRequest * ofFailing;
    if (perRequest < LEAST_PER_REQUEST) return absent(whyFew(failed, perRequest));
    const time = timeOf(read, failed, ofFailing);
    const cpu = optional(servingCpu(read));
    const share = (time.share ?? 0) * (cpu?.latencyShare ?? 1);
    const matters = time.share !== null && time.share >= (time.byProfile === null ? MATTERS_KERNEL_SIDE : MATTERS);
    const groups = groupPaths(failed.paths.filter((p) => p.phase === 'serving' && isMissing(p))).slice(0, PATHS_SHOWN);
    const first = groups[0];
    const costMs = time.share !== null && cpu?.msPerRequest != null ? time.share * cpu.msPerRequest : failed.servingMsPerRequest;
    return found({
      id, title, kind: matters ? 'cause' : 'note',
      summary: `Each request makes ${count(perRequest)} lookups of files that do not exist${first ? `, such as ${first.example}` : ''}`
        + (time.share === null ? '.' : `: ${time.byProfile === null ? 'at least ' : ''}${percent(time.share)} of the serving thread's time.`),
      confidence: confidence(0.6, [[time.share === null ? null : matters, 0.2], [groups.length > 0 ? true : gathered.ok ? null : false, 0.1], [failed.source === 'ebpf' ? true : null, 0.05], [time.byProfile === null ? null : time.byProfile >= MATTERS, 0.08]]),
      cost: { share, msPerRequest: costMs },
      evidence: [
        evidence(`${count(perRequest)} failing lookups a request${gathered.ok ? ` (${count(calls)} seen)` : ', by errors of the calls; which paths is not known'}`, perRequest, 'calls/request'),
        ...(failed.servingMsPerRequest === null ? [] : [evidence(`${ms(failed.servingMsPerRequest)} a request inside lookup calls`, failed.servingMsPerRequest, 'ms/request')]),
        ...(time.share === null ? [] : [evidence(`${percent(time.share)} of the serving thread's busy time goes into looking (${time.by}${time.byProfile === null ? '; the kernel\'s side alone, no profile tells the runtime\'s' : ''})`, time.share, 'share')]),
        ...(costMs === null || cpu?.msPerRequest == null ? [] : [evidence(`${ms(costMs)} of the ${ms(cpu.msPerRequest)} of CPU a request takes`, costMs, 'ms/request')]),
        ...groups.map((g) => evidence(`${g.label}: ${g.perRequest === null ? `${count(g.calls)} calls` : `${count(g.perRequest)} a request`}`, g.perRequest ?? g.calls, g.perRequest === null ? 'calls' : 'calls/request')),
        ...(time.caller ? [evidence(`asked for by ${frameName(time.caller)}`, 1, 'function')] : []),
      ],
      culprit: first ? { kind: 'path', name: first.label, ...place(time.caller) } : null,
      advice: [
        time.caller ? `Resolve the path once and keep the answer, the misses too, in ${frameName(time.caller)}.` : 'Resolve each path once and keep the answer, the misses too.',
        'Put the folder that has the files first in the search path, or give the full name instead of searching.',
        'Check: `strace -f -c -e trace=%file -p PID` for a moment (it slows the server): errors per request should drop to 0.',
      ],
    });
  },
};

interface LookupTime { share: number | null; by: string; byProfile: number | null; caller: Frame | null }

/** Of the serving thread's busy time: the larger of what the kernel's clock and what the profile says. Each sees a part. */
function timeOf(read: FactReader, failed: FailedPathsFact, ofFailing: number): LookupTime {
  const ledger = optional(read(ledgerFact));
  const profile = optional(read(hotFunctionsFact));
  const hot = profile && namesCode(profile) ? profile : null;
  const syscalls = optional(read(syscallsFact));
  const cpu = optional(servingCpu(read));
  // Lookups that succeed cost as well, but are no part of this.
  const missed = (syscalls && failingPart(syscalls)) ?? ofFailing;
  const code = hot && lookupCode(hot);
  const byProfile = code && code.share * missed;
  const byLedger = ledger && lookupShareOfBusy(ledger);
  const candidates: [by: string, share: number | null][] = [
    ['profile', byProfile],
    ['ledger', byLedger === null ? null : byLedger * missed],
    ['time in calls against CPU', failed.servingMsPerRequest === null || !cpu?.msPerRequest ? null : clamp(failed.servingMsPerRequest / cpu.msPerRequest) * missed],
  ];
  const known = candidates.filter((c): c is [string, number] => c[1] !== null).sort((a, b) => b[1] - a[1]);
  return { share: known[0]?.[1] ?? null, by: known[0]?.[0] ?? '', byProfile, caller: code?.caller ?? null };
}

function whyFew(failed: FailedPathsFact, perRequest: number): string {
  const startup = failed.startupCalls > 0 ? `; the ${count(failed.startupCalls)} failing lookups at startup are not why requests are slow` : '';
  return `${count(perRequest)} lookups of missing files a request${startup}`;
}

const place = (caller: Frame | null): { file?: string; line?: number } => ({
  ...(caller?.file ? { file: caller.file } : {}), ...(caller?.line ? { line: caller.line } : {}),
});
