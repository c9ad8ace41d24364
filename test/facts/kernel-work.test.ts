import { describe, expect, it } from 'vitest';
import { factReader } from '../../src/facts/reader.js';
import { kernelSamplesFact } from '../../src/facts/kernel-samples.js';
import { kernelWorkFact } from '../../src/facts/kernel-work.js';
import { servingCallsFact } from '../../src/facts/serving-calls.js';
import { foundPathsFact } from '../../src/facts/found-paths.js';
import { loadText, runOf, s, window } from './run.js';

const perf = (stacks: string[][]): string => stacks.map((frames, i) =>
  `node 71/71 ${(1000 + 1 + i * 0.01).toFixed(9)}: cpu-clock:\n${frames.map((f) => `\tffffffff81000000 ${f} ([kernel.kallsyms])`).join('\n')}\n\t 55d0 main (/usr/bin/node)\n`).join('\n');

describe('kernel work', () => {
  const stacks = [
    ...Array.from({ length: 30 }, () => ['ktime_get', '__x64_sys_clock_gettime', 'do_syscall_64']),
    ...Array.from({ length: 20 }, () => ['clear_page_erms', 'handle_mm_fault', 'asm_exc_page_fault']),
  ];
  const run = runOf({ windows: [window('clean', 0, 4)], texts: [[{ probe: 'perf', window: 'all' }, perf(stacks)], [{ probe: 'load', window: 'all' }, loadText(0, 4, () => 100)]] });

  it('divides sampled CPU time by call and fault', () => {
    expect(factReader(run)(kernelSamplesFact)).toEqual({ ok: true, value: { samples: 50, calls: [{ name: 'clock_gettime', share: 0.6 }], faultShare: 0.4 } });
  });

  it('passes on what is missing as a value', () => {
    const read = factReader(runOf({ windows: [window('clean', 0, 4)] }));
    for (const fact of [kernelWorkFact, servingCallsFact, foundPathsFact, kernelSamplesFact]) expect(read<unknown>(fact).ok).toBe(false);
    expect(s(1)).toBeGreaterThan(0);
  });
});
