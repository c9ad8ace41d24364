import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kernelEntry } from '../../src/parse/perf-kernel.js';
import { parsePerfScript, perfHeader, type PerfFrame } from '../../src/parse/perf-script.js';

const raw = (name: string) => readFileSync(new URL(`../../fixtures/raw/perf/${name}`, import.meta.url), 'utf8');

const inChunks = (text: string, size: number) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));

const kernel = (...names: string[]): PerfFrame[] => names.map((name) => ({ name, dso: '[kernel.kallsyms]', kind: 'kernel' }));

describe('perf script', () => {
  it('reads every sample of a capture', () => {
    const text = raw('node-hello.script');
    const samples = [...parsePerfScript([text])];
    expect(samples).toHaveLength(40);
    expect(perfHeader(text)).toEqual({ frequencyHz: 199, keptOneOf: 1 });
    expect(new Set(samples.map(({ comm, event }) => `${comm} ${event}`))).toEqual(new Set(['node cpu-clock']));
    const frames = text.split('\n').filter((line) => line.startsWith('\t'));
    expect(samples.flatMap(({ stack }) => stack)).toHaveLength(frames.length);
  });

  it('keeps nanoseconds of the monotonic clock', () => {
    const text = raw('node-hello.script');
    const [seconds, fraction] = /(\d+)\.(\d{9}): /.exec(text)?.slice(1) ?? [];
    const [first] = parsePerfScript([text]);
    expect(first?.tNs).toBe(Number(seconds) * 1e9 + Number(fraction));
  });

  it('gives the same at any chunk size', () => {
    const text = raw('node-hello.script');
    const whole = [...parsePerfScript([text])];
    for (const size of [1, 7, 4096]) expect([...parsePerfScript(inChunks(text, size))]).toEqual(whole);
  });

  it('tells kernel, native and run-time made frames apart', () => {
    const kinds = new Map([...parsePerfScript([raw('node-hello.script')])].flatMap(({ stack }) => stack.map((f) => [`${f.kind} ${f.dso}`, f.kind])));
    expect([...kinds.keys()]).toContain('kernel [kernel.kallsyms]');
    expect([...kinds.keys()]).toContain('native /usr/bin/node');
    expect([...kinds.keys()].some((key) => /^jit \/tmp\/perf-\d+\.map$/.test(key))).toBe(true);
  });

  it('survives malformed text and odd names', () => {
    const samples = [...parsePerfScript([raw('malformed.script')])];
    expect(samples.map(({ comm, pid, tid, tNs, event }) => [comm, pid, tid, tNs, event])).toEqual([
      ['node 7/8 9', 10, 11, 12.5e9, 'cycles:u'],
      ['spaced', 10, 12, 13e9 + 1, 'cpu-clock'],
      ['node', 10, 10, 15.25e9, 'cpu-clock'],
    ]);
    expect(samples[0]?.stack).toEqual([
      { name: 'std::function<void (int)>::operator() const', dso: '/opt/a (b)/node (deleted)', kind: 'native' },
      { name: '[unknown]', dso: '[kernel.kallsyms]', kind: 'kernel' },
      { name: 'LazyCompile:*render /srv/app (x)/view.js:12', dso: '/tmp/perf-10.map', kind: 'jit', address: 0x7f9756007392 },
    ]);
    expect(samples[1]?.stack).toEqual([]);
    expect(samples[2]?.stack).toEqual([{ name: 'do_sys', dso: '', kind: 'kernel' }]);
  });

  it('has nothing to say of nothing', () => {
    expect([...parsePerfScript([])]).toEqual([]);
    expect(perfHeader('')).toBeNull();
  });
});

describe('the way into the kernel', () => {
  it('names the syscalls of a capture', () => {
    const entries = [...parsePerfScript([raw('node-hello.script')])].map(({ stack }) => kernelEntry(stack));
    const names = new Set(entries.flatMap((entry) => (entry?.kind === 'syscall' ? [entry.name] : [])));
    expect(names).toContain('writev');
    expect(names).toContain('read');
    expect(entries).toContain(null);
  });

  it.each([
    [['ep_poll', 'do_epoll_wait', '__x64_sys_epoll_wait', 'x64_sys_call', 'do_syscall_64', 'entry_SYSCALL_64_after_hwframe'], 'epoll_wait'],
    [['tcp_sendmsg', '__sys_sendto', 'do_syscall_64'], 'sendto'],
    [['path_openat', 'do_sys_openat2.part.0', 'do_syscall_64'], 'openat'],
    [['vfs_read', 'ksys_read', 'do_syscall_64'], 'read'],
    [['futex_wait', '__arm64_sys_futex', 'invoke_syscall.constprop.0', 'el0_svc_common.constprop.0', 'do_el0_svc'], 'futex'],
    [['schedule', 'exit_to_user_mode_loop', 'do_syscall_64'], 'unknown'],
    [['do_syscall_64'], 'unknown'],
  ])('%s is %s', (names, expected) => {
    expect(kernelEntry(kernel(...names))).toEqual({ kind: 'syscall', name: expected });
  });

  it('tells faults and interrupts from calls, also when one comes upon another', () => {
    expect(kernelEntry(kernel('clear_page_erms', 'handle_mm_fault', 'exc_page_fault', 'asm_exc_page_fault'))).toEqual({ kind: 'fault' });
    expect(kernelEntry(kernel('net_rx_action', 'sysvec_apic_timer_interrupt', 'asm_sysvec_apic_timer_interrupt'))).toEqual({ kind: 'interrupt' });
    expect(kernelEntry(kernel('net_rx_action', 'asm_sysvec_apic_timer_interrupt', 'ksys_read', 'do_syscall_64'))).toEqual({ kind: 'syscall', name: 'read' });
    expect(kernelEntry(kernel('mystery'))).toEqual({ kind: 'other' });
  });

  it('is null for code of the program', () => {
    expect(kernelEntry([{ name: 'main', dso: '/bin/x', kind: 'native' }, ...kernel('do_syscall_64')])).toBeNull();
    expect(kernelEntry([])).toBeNull();
  });
});
