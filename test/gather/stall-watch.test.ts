import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { longestStall } from '../../src/gather/stall-watch.js';

let dir = '';
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'whyslow-stalls-')); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const sched = (...lines: string[]) => writeFileSync(join(dir, 'sched.all.ndjson'), lines.map((data) => JSON.stringify({ type: 'printf', data: `${data}\n` })).join('\n\n'));

describe('longestStall', () => {
  it('knows of none where nothing was written', () => {
    expect(longestStall(dir, 0)).toBe(0);
  });

  it('takes what Node saw, if it lies inside from beginning to end', () => {
    writeFileSync(join(dir, 'node.7.8.ndjson'), '{"type":"meta"}\n{"type":"delay","afterNs":100,"endNs":200,"idleNs":null}\n{"type":"del');
    expect(longestStall(dir, 100, 200)).toBe(100);
    expect(longestStall(dir, 90)).toBe(100);
    expect(longestStall(dir, 101)).toBe(0);
    expect(longestStall(dir, 0, 199)).toBe(0);
  });

  it('takes stretches on the CPU where reads part them', () => {
    sched('open 5 1', 'stretch 7 8 100 40 40 read', 'stretch 7 8 10 20 20 read');
    expect(longestStall(dir, 0, 140)).toBe(40);
    expect(longestStall(dir, 0, 139)).toBe(20);
    sched('open 5 0', 'stretch 7 8 100 40 40 sleep');
    expect(longestStall(dir, 100, 140)).toBe(0);
  });
});
