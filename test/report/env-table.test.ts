import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { renderEnv } from '../../src/report/env-table.js';
import type { Host, ProbeStatus } from '../../src/types.js';

const host: Host = {
  kernel: '6.1.0-30-amd64', arch: 'x64', cpus: 2, memBytes: 8_200_000_000, nodeVersion: 'v20.20.2', isRoot: false, clockTicksHz: 100, pageBytes: 4096,
  tools: { bpftrace: 'bpftrace v0.17.0', strace: '6.1' },
};
const root = 'run whyslow as root';
const rows: ProbeStatus[] = [
  { id: 'proc', status: 'ok', weight: 'light' },
  { id: 'strace', status: 'off', weight: 'heavy', reason: 'not needed' },
  { id: 'sched', status: 'unavailable', weight: 'light', reason: 'eBPF needs CAP_BPF', enable: root },
  { id: 'perf', status: 'unavailable', weight: 'light', reason: 'not installed \u001b[31m', enable: 'apt install linux-perf' },
  { id: 'syscalls', status: 'unavailable', weight: 'heavy', reason: 'eBPF needs CAP_BPF', enable: root },
];
const text = (some: ProbeStatus[], width = 80, unicode = true): string => renderEnv(some, host, { width, color: false, unicode });

describe('whyslow env', () => {
  it('says what can be observed, what not, why, and what enables it, each reason once', async () => {
    await expect(text(rows)).toMatchFileSnapshot('__snapshots__/env.80.txt');
    expect(text(rows).split(root)).toHaveLength(2);
  });

  it('fits and is safe at any width', () => {
    for (const width of [40, 80, 120]) {
      expect(Math.max(...text(rows, width).split('\n').map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
    }
    expect(text(rows, 80, false)).toMatch(/^[\n\x20-\x7e]+$/);
  });

  it('says so when nothing is missing', () => {
    expect(text(rows.slice(0, 2))).toContain('Everything can be observed here.');
    expect(text(rows.slice(2))).toContain('Nothing can be observed here.');
  });
});
