import { hotFunctionsFact } from '../facts/hot-functions.js';
import { requestsFact } from '../facts/requests.js';
import { threadsFact } from '../facts/threads.js';
import type { FactReader, Rule } from '../types.js';
import { count, frameName, ms, percent } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { functionCulprit } from './support/hot-code.js';
import { kernelShareOf, serverWork, sourceWords } from './support/kernel.js';

const id = 'page-faults';
const title = 'Memory is taken from the kernel and given back all the time';

/** Calls that take memory from the kernel or give it back. */
const MEMORY = /^(mmap|munmap|mremap|madvise|brk|mprotect)$/;
/** Of the server's work in faults and such calls; a healthy server stays below 3%. */
const MATTERS = 0.12;
/** A request: a hello server in Python has one. Buffers worth keeping have dozens. */
const LEAST_FAULTS = 4;
/** Of the work: beyond doubt. */
const CLEAR = 0.25;

/** Fresh memory for each request: every page of it is a fault, zeroed by the kernel, and given back again. */
export const pageFaults: Rule = {
  id, title,
  diagnose(read) {
    const gathered = serverWork(read);
    if (!gathered.ok) return noData(gathered);
    const work = gathered.value;
    const calls = kernelShareOf(work.calls, MEMORY);
    if (work.faultShare === null && calls < MATTERS) return { kind: 'no-data', why: 'time in page faults was not seen: too few sampled stacks of the kernel', enable: 'install perf (linux-perf) and run as root' };
    const share = clamp(calls + (work.faultShare ?? 0));
    const faults = faultsPerRequest(read);
    if (share < MATTERS) return absent(`page faults and calls for memory take ${percent(share)} of the work${faults === null ? '' : ` (${count(faults)} faults a request)`}`);
    if (faults !== null && faults < LEAST_FAULTS) return absent(`${count(faults)} page faults a request, ${percent(share)} of the work as traced: single pages cost little`);
    const hot = optional(read(hotFunctionsFact));
    const top = hot?.functions.filter((f) => f.frame.origin === 'app' || f.frame.origin === 'dependency').sort((a, b) => b.totalShare - a.totalShare).find((f) => f.selfShare > 0.02) ?? null;
    const costMs = work.msPerRequest === null ? null : work.msPerRequest * share;
    return found({
      id, title, kind: 'cause',
      summary: `Page faults and the calls that map and unmap memory take ${percent(share)} of the server's work${faults === null ? '' : `, ${count(faults)} faults a request`}.`,
      confidence: confidence(0.6, [[share >= CLEAR, 0.12], [work.faultShare === null ? null : true, 0.08], [faults === null ? null : faults >= 1, 0.08], [work.source === 'ledger' ? true : null, 0.05]]),
      cost: { share: share * work.latencyShare, msPerRequest: costMs },
      evidence: [
        ...(work.faultShare === null ? [] : [evidence(`${percent(work.faultShare)} of the work in page faults, by sampled stacks of the kernel`, work.faultShare, 'share')]),
        evidence(`${percent(calls)} in mmap, munmap, madvise and brk, ${sourceWords(work)}`, calls, 'share'),
        ...(faults === null ? [] : [evidence(`${count(faults)} page faults a request; one may bring many pages`, faults, 'faults/request')]),
        ...(costMs === null ? [] : [evidence(`${ms(costMs)} a request`, costMs, 'ms/request')]),
        ...(top ? [evidence(`${frameName(top.frame)} is the hottest code of the program's own (likely, not certain, what asks for the memory)`, top.totalShare, 'share')] : []),
      ],
      culprit: top ? functionCulprit(top.frame) : null,
      advice: [
        'Keep large buffers and use them again: a pool, one buffer a worker, the output argument of the library.',
        'Smaller pieces stay in the allocator: work in blocks in place of the whole image, file or body.',
        'Or let the allocator keep what is freed: MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_ (glibc), dirty_decay_ms (jemalloc); no malloc_trim a request.',
        'Check: `perf stat -e page-faults -p PID` and `perf top -p PID` (clear_page, do_anonymous_page) under load: both fall.',
      ],
    });
  },
};

function faultsPerRequest(read: FactReader): number | null {
  const threads = optional(read(threadsFact));
  const rps = optional(read(requestsFact))?.headline.rps ?? 0;
  if (!threads || rps <= 0) return null;
  return threads.processes.filter((p) => p.serving).reduce((sum, p) => sum + p.minorFaultsPerS + p.majorFaultsPerS, 0) / rps;
}
