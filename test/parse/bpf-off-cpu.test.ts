import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseOffCpu } from '../../src/parse/bpf-off-cpu.js';

/** A Node server that calls fsync on each request, 1 s under load. */
const text = readFileSync(new URL('../../fixtures/raw/bpftrace/off-cpu-node-fsync.ndjson', import.meta.url), 'utf8');

describe('off-cpu.bt', () => {
  const capture = parseOffCpu(text, 'x64')!;
  const of = (tid: number) => capture.sleeps.filter((s) => s.tid === tid);
  const wallNs = capture.closeNs - capture.openNs;

  it('gives each sleep its kernel and user stack, leaf first, without offsets', () => {
    const [longest] = of(27918).sort((a, b) => b.ns - a.ns);
    expect(longest).toMatchObject({ pid: 27918, tid: 27918, ns: 567356183, syscall: null });
    expect(longest!.count).toBeGreaterThan(10);
    expect(longest!.kernel.slice(0, 2)).toEqual(['__schedule', 'schedule']);
    expect(longest!.kernel).toContain('__x64_sys_fsync');
    expect(longest!.user.slice(0, 4)).toEqual(['__GI_fsync', 'uv_fs_fsync', 'node::fs::Fsync(v8::FunctionCallbackInfo<v8::Value> const&)', '[unknown]']);
  });

  it('closes: no thread sleeps longer than it was watched', () => {
    expect(wallNs / 1e9).toBeCloseTo(1, 1);
    for (const tid of new Set(capture.sleeps.map((s) => s.tid))) expect(of(tid).reduce((ns, s) => ns + s.ns, 0)).toBeLessThanOrEqual(wallNs * 1.001);
  });

  it('knows threads that never stirred by where /proc found them', () => {
    const still = capture.sleeps.filter((s) => s.syscall !== null);
    expect(still.map((s) => s.syscall)).toContain('epoll_pwait');
    expect(still.every((s) => s.ns === wallNs && s.kernel.length === 0)).toBe(true);
    expect(capture.comms.get(27918)).toBe('node');
  });

  it('tells the wait for a CPU after a wake-up from sleep', () => {
    const printed = [
      { type: 'printf', data: 'open 1000\n' }, { type: 'printf', data: 'end 9000\n' }, { type: 'map', data: { '@close': 9000 } },
      { type: 'map', data: { '@off': { '7,8,\n    schedule+1\n    __x64_sys_fsync+2\n,\n    fsync+3\n': 300 } } }, { type: 'map', data: { '@runq': { '7,8': 700 } } },
    ].map((line) => JSON.stringify(line)).join('\n');
    expect(parseOffCpu(printed, 'x64')!.sleeps).toEqual([
      { pid: 7, tid: 8, kernel: ['schedule', '__x64_sys_fsync'], user: ['fsync'], syscall: null, ns: 300, count: 1 },
      { pid: 7, tid: 8, kernel: [], user: [], syscall: null, waits: true, ns: 700, count: 1 },
    ]);
  });

  it('is nothing where the gate never opened, and survives a cut', () => {
    expect(parseOffCpu('', 'x64')).toBeNull();
    expect(parseOffCpu('{"type": "printf", "data": "open 5\\n"}\n', 'x64')).toBeNull();
    for (const share of [0.3, 0.6, 0.9]) expect(() => parseOffCpu(text.slice(0, text.length * share), 'x64')).not.toThrow();
  });
});
