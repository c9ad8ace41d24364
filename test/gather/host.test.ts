import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { describe, expect, it } from 'vitest';
import { readHost } from '../../src/gather/host.js';

describe('host', () => {
  it('is what the machine says of itself', async () => {
    const host = await readHost();
    expect(host.clockTicksHz).toBe(Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })));
    expect(host.pageBytes).toBe(Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })));
    expect(host.kernel).toBe(execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim());
    expect(host.cpus).toBeLessThanOrEqual(cpus().length);
    expect(host.isRoot).toBe(process.getuid?.() === 0);
  });

  it('knows the tools that are there, by version, and no others', async () => {
    const { tools } = await readHost();
    for (const [name, version] of Object.entries(tools)) {
      expect(['bpftrace', 'perf', 'strace', 'wrk', 'ss']).toContain(name);
      expect(version).toMatch(/^\d+\.\d/);
    }
    const path = process.env['PATH'];
    try {
      process.env['PATH'] = '/nonexistent';
      expect((await readHost()).tools).toEqual({});
    } finally {
      process.env['PATH'] = path;
    }
  });
});
