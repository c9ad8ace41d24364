import { describe, expect, it } from 'vitest';
import { readHost } from '../../src/gather/host.js';
import { selectProbes } from '../../src/gather/select.js';
import { PROBES } from '../../src/gather/index.js';

describe('strace on a server that was running before', () => {
  it('is not used where the kernel probes are refused, and the reason has its cost', async () => {
    const host = await readHost();
    const kernel = PROBES.filter(({ id }) => ['syscalls', 'failed-paths', 'ledger', 'sockets', 'sched'].includes(id));
    const checks = kernel.map((probe) => probe.check);
    for (const probe of kernel) probe.check = async () => ({ ok: false, reason: 'refused here', enable: 'run as root' });
    try {
      const { active, statuses } = await selectProbes(host, { asked: null, gentle: false, attach: true });
      expect(active.map(({ id }) => id)).not.toContain('strace');
      expect(statuses.list().find(({ id }) => id === 'strace')).toMatchObject({ status: 'off', reason: expect.stringMatching(/twenty times.*--probes/) as string });
    } finally {
      kernel.forEach((probe, i) => { probe.check = checks[i]!; });
    }
  });

  it('is not used where nothing is refused, and is when asked for by name', async () => {
    const host = await readHost();
    const usual = await selectProbes(host, { asked: null, gentle: false, attach: true });
    expect(usual.active.map(({ id }) => id)).not.toContain('strace');
    const named = await selectProbes(host, { asked: ['strace'], gentle: false, attach: true });
    const status = named.statuses.list().find(({ id }) => id === 'strace');
    // Where strace is missing it is told how to get it, not that it costs too much.
    expect(['ok', 'unavailable']).toContain(status?.status);
  });
});

describe('probes that only draw pictures', () => {
  it('are used when asked for, besides the usual ones', async () => {
    const host = await readHost();
    const idsOf = async (over: Partial<Parameters<typeof selectProbes>[1]>): Promise<string[]> =>
      (await selectProbes(host, { asked: null, gentle: false, attach: false, ...over })).statuses.list().filter((s) => s.status !== 'off').map((s) => s.id);
    const usual = await idsOf({});
    expect(usual).not.toContain('off-cpu');
    expect((await idsOf({ also: ['off-cpu'] })).sort()).toEqual([...usual, 'off-cpu'].sort());
    expect(await idsOf({ asked: ['proc'], also: ['off-cpu'] })).toEqual(['proc', 'off-cpu']);
    const { statuses } = await selectProbes(host, { asked: null, gentle: false, attach: false });
    expect(statuses.list().find((s) => s.id === 'off-cpu')?.reason).toBe('only with --off-cpu');
  });
});
