import { describe, expect, it } from 'vitest';
import { requires } from '../require.js';
import { expectOf, reportOf } from './whyslow.js';

const REQUESTS = 230;

describe('over a fixed number of requests', () => {
  it.skipIf(requires('ebpf').skip)('counts of failing lookups are exact', async () => {
    const { failedPathsPerRequest } = expectOf('node-missing-files');
    const report = await reportOf('node-missing-files', ['-a', String(REQUESTS), '--warmup', '0', '--probes', 'failed-paths,syscalls,proc,node']);
    const serving = report.failedPaths.filter((p) => p.phase === 'serving' && p.errno === 'ENOENT');

    expect(report.load?.requests).toBe(REQUESTS);
    expect(serving.reduce((sum, p) => sum + p.calls, 0)).toBe(REQUESTS * (failedPathsPerRequest ?? NaN));
    for (const path of serving) expect(path.calls % REQUESTS).toBe(0);
    const counted = report.syscalls.filter((s) => s.phase === 'serving').reduce((sum, s) => sum + (s.errors['ENOENT'] ?? 0), 0);
    expect(counted).toBe(REQUESTS * (failedPathsPerRequest ?? NaN));
  });
});
