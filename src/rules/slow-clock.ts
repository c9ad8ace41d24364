import { servingCallsFact } from '../facts/serving-calls.js';
import type { Rule } from '../types.js';
import { count, ms, percent } from './support/format.js';
import { absent, confidence, evidence, found, noData, optional } from './support/finding.js';
import { kernelShareOf, serverWork, sourceWords } from './support/kernel.js';

const id = 'slow-clock';
const title = 'Reading the clock is a system call';

/** With a vDSO none of these is ever seen as a system call, whatever the program does. */
const CLOCK = /^(clock_gettime(64)?|gettimeofday|time)$/;
/** A request; fewer are a runtime's own habit on any machine. */
const LEAST_PER_REQUEST = 3;
/** Of the server's work; less is not why it is slow. */
const MATTERS = 0.05;
/** Of the work: beyond doubt. */
const CLEAR = 0.15;

/** The time of day asked of the kernel again and again, where it could be read from a shared page. */
export const slowClock: Rule = {
  id, title,
  diagnose(read) {
    const gathered = serverWork(read);
    if (!gathered.ok) return noData(gathered);
    const work = gathered.value;
    const share = kernelShareOf(work.calls, CLOCK);
    const calls = optional(read(servingCallsFact))?.calls.filter((c) => CLOCK.test(c.name)) ?? null;
    const perRequest = calls && calls.reduce((sum, c) => sum + c.perRequest, 0);
    if (perRequest !== null && perRequest < LEAST_PER_REQUEST) return absent(`${count(perRequest)} readings of the clock a request went through the kernel`);
    if (share < MATTERS) return absent(`system calls for the clock take ${percent(share)} of the work`);
    const name = calls?.[0]?.name ?? work.calls.find((c) => CLOCK.test(c.name))?.name ?? 'clock_gettime';
    const costMs = work.msPerRequest === null ? null : work.msPerRequest * share;
    return found({
      id, title, kind: 'cause',
      summary: `${perRequest === null ? 'Readings' : `${count(perRequest)} readings`} of the clock a request go through the kernel (${name}): ${percent(share)} of the server's work.`,
      confidence: confidence(0.6, [[perRequest === null ? null : true, 0.1], [share >= CLEAR, 0.1], [work.source === 'ledger' ? true : null, 0.1]]),
      cost: { share: share * work.latencyShare, msPerRequest: costMs },
      evidence: [
        evidence(`${percent(share)} of the server's work inside ${name}, ${sourceWords(work)}`, share, 'share'),
        ...(perRequest === null ? [] : [evidence(`${count(perRequest)} calls a request; with a vDSO it would be none`, perRequest, 'calls/request')]),
        ...(costMs === null ? [] : [evidence(`${ms(costMs)} a request`, costMs, 'ms/request')]),
      ],
      culprit: { kind: 'syscall', name },
      advice: [
        'See which clock the kernel uses: /sys/devices/system/clocksource/clocksource0/current_clocksource. With tsc (or kvm-clock, hyperv) the C library reads it without a call; with hpet, acpi_pm or xen it cannot.',
        'If the clock is a good one, the program goes past the vDSO: syscall(SYS_clock_gettime), a static libc without it, a sandbox or a tracer that took it away. Use the C library\'s clock_gettime().',
        'Or ask less often: one time stamp a request, or a coarse clock (CLOCK_MONOTONIC_COARSE) for what needs no microseconds.',
        'Check: `strace -f -c -p PID` for a moment under load (it slows the server) shows no such call any more.',
      ],
    });
  },
};
