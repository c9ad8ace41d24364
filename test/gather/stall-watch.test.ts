import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stalledBetween } from '../../src/gather/stall-watch.js';

let dir = '';
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'whyslow-stalls-')); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const sched = (...lines: string[]) => writeFileSync(join(dir, 'sched.all.ndjson'), lines.map((data) => JSON.stringify({ type: 'printf', data: `${data}\n` })).join('\n\n'));

describe('stalledBetween', () => {
  it('knows of none where nothing was written', () => {
    expect(stalledBetween(dir, 0)).toBe(false);
  });

  it('takes what Node saw, if it lies inside from beginning to end', () => {
    writeFileSync(join(dir, 'node.7.8.ndjson'), '{"type":"meta"}\n{"type":"delay","afterNs":100,"endNs":200,"idleNs":null}\n{"type":"del');
    expect(stalledBetween(dir, 100, 200)).toBe(true);
    expect(stalledBetween(dir, 90)).toBe(true);
    expect(stalledBetween(dir, 101)).toBe(false);
    expect(stalledBetween(dir, 0, 199)).toBe(false);
  });

  it('takes stretches on the CPU where reads part them', () => {
    sched('open 5 1', 'stretch 7 8 100 40 40 read');
    expect(stalledBetween(dir, 100, 140)).toBe(true);
    expect(stalledBetween(dir, 0, 139)).toBe(false);
    sched('open 5 0', 'stretch 7 8 100 40 40 sleep');
    expect(stalledBetween(dir, 100, 140)).toBe(false);
  });
});
