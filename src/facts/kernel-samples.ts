import { kernelEntry } from '../parse/perf-kernel.js';
import type { Fact } from '../types.js';
import { groupBy } from './group-by.js';
import { need } from './reader.js';
import { perfLoadSamplesFact } from './recordings.js';

/** How the CPU time of the target's processes divides, by sampled stacks: shares of all their samples. */
export interface KernelSamples {
  samples: number;
  calls: { name: string; share: number }[];
  faultShare: number;
}

export const kernelSamplesFact: Fact<KernelSamples> = {
  name: 'kernel-samples',
  compute(_run, read) {
    const entries = need(read(perfLoadSamplesFact)).map((s) => kernelEntry(s.stack));
    const named = entries.flatMap((e) => (e?.kind === 'syscall' ? [e.name] : []));
    return {
      samples: entries.length,
      calls: [...groupBy(named, (name) => name)].map(([name, of]) => ({ name, share: of.length / entries.length })).sort((a, b) => b.share - a.share),
      faultShare: entries.length > 0 ? entries.filter((e) => e?.kind === 'fault').length / entries.length : 0,
    };
  },
};
