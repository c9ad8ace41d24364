import { failedPathsFact } from '../facts/failed-paths.js';
import { syscallsFact } from '../facts/syscalls.js';
import type { Rule } from '../types.js';
import { count, ms } from './support/format.js';
import { absent, evidence, found, noData, optional } from './support/finding.js';
import { isMissing, missingCalls, startupLookupMs } from './support/lookups.js';
import { groupPaths } from './support/paths.js';

const id = 'startup-import-search';
const title = 'Failed lookups at startup (not why requests are slow)';

/** Fewer are the loader's own, on any program: libraries, locales. */
const LEAST_CALLS = 50;
/** A request: more than this while serving, and the search is no matter of startup. */
const FEW_SERVING = 0.5;
const GROUPS_SHOWN = 3;

/** A runtime that walks its search path to import: alarming in `strace -c`, and harmless once it serves. */
export const startupImportSearch: Rule = {
  id, title,
  diagnose(read) {
    const failed = read(failedPathsFact);
    if (!failed.ok) return noData(failed);
    const startup = missingCalls(failed.value.paths, 'startup');
    const calls = failed.value.startupCalls * startup.ofFailing;
    if (calls < LEAST_CALLS) return absent(`${count(calls)} failing lookups at startup`);
    const serving = (failed.value.servingPerRequest ?? 0) * missingCalls(failed.value.paths, 'serving').ofFailing;
    if (serving >= FEW_SERVING) return absent(`lookups fail while serving too: ${count(serving)} a request`);
    const syscalls = optional(read(syscallsFact));
    const timeMs = syscalls && startupLookupMs(syscalls);
    const groups = groupPaths(failed.value.paths.filter((p) => p.phase === 'startup' && isMissing(p))).slice(0, GROUPS_SHOWN);
    return found({
      id, title, kind: 'note',
      summary: `${count(calls)} lookups failed at startup and ${count(serving)} a request while serving: they delay the start, not the requests.`,
      confidence: failed.value.servingPerRequest === null ? 0.7 : 0.9,
      cost: { share: 0, msPerRequest: 0 },
      evidence: [
        evidence(`${count(calls)} failing lookups before the first request`, calls, 'calls'),
        evidence(`${count(serving)} failing lookups a request while serving`, serving, 'calls/request'),
        ...(timeMs === null || timeMs <= 0 ? [] : [evidence(`${ms(timeMs)} of the start went into lookups`, timeMs, 'ms')]),
        ...groups.map((g) => evidence(`${g.label}: ${count(g.calls)} calls`, g.calls, 'calls')),
      ],
      culprit: groups[0] ? { kind: 'path', name: groups[0].label } : null,
      advice: [
        'Nothing to do for the requests. For a faster start: fewer entries in the import path, fewer imports, a bundle.',
        'Check: `strace -f -e trace=%file -p PID` on the started server under load shows no such failures.',
      ],
    });
  },
};
