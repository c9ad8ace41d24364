import { describe, expect, it } from 'vitest';
import { AARCH64, bpfScript } from '../../src/gather/bpf-script.js';
import { errnoName } from '../../src/parse/errno-names.js';
import { syscallName, syscallNumber } from '../../src/parse/syscall-names.js';

describe('names', () => {
  it('knows calls by architecture, and says so when it does not', () => {
    expect([0, 1, 232, 281, 332, 437].map((nr) => syscallName(nr))).toEqual(['read', 'write', 'epoll_wait', 'epoll_pwait', 'statx', 'openat2']);
    expect([63, 64, 22, 291, 437].map((nr) => syscallName(nr, 'arm64'))).toEqual(['read', 'write', 'epoll_pwait', 'statx', 'openat2']);
    expect(syscallNumber('epoll_wait', 'aarch64')).toBeUndefined();
    expect(syscallNumber('epoll_wait', 'x64')).toBe(232);
    expect([syscallName(-1), syscallName(9999)]).toEqual(['none', 'syscall_9999']);
  });

  it('knows errnos, the kernel\'s own as well', () => {
    expect([2, 11, 13, 40, 110, 512].map(errnoName)).toEqual(['ENOENT', 'EAGAIN', 'EACCES', 'ELOOP', 'ETIMEDOUT', 'ERESTARTSYS']);
    expect(errnoName(4095)).toBe('errno_4095');
  });
});

const script = (name: string, arch: string, reads = true) => bpfScript({ name, arch, threads: new Map([[10, [10, 11]]]), reads });
const numbers = (text: string) => [...text.matchAll(/^#define NR_(\w+) (\d+)/gm)].map(([, name = '', nr]) => [name, Number(nr)] as const);

describe('scripts', () => {
  it.each(['syscalls', 'failed-paths'])('%s has the right numbers on both architectures', (name) => {
    const x86 = numbers(script(name, 'x64'));
    expect(x86.length).toBeGreaterThan(5);
    for (const [call, nr] of x86) expect([call, nr]).toEqual([call, syscallNumber(call, 'x86_64')]);
    for (const [call, nr] of numbers(script(name, 'arm64'))) expect([call, nr]).toEqual([call, syscallNumber(call, 'aarch64') ?? AARCH64['open']]);
  });

  it('are seeded with the target\'s processes and threads', () => {
    const ledger = script('ledger', 'x64');
    expect(ledger).toContain('@tracked[10] = (uint64)1;');
    expect(ledger).toContain('@tgid[11] = (uint64)10;');
    expect(script('sched', 'x64')).toContain('@tgid[11] = (uint64)10; @since[11] = $now;');
    expect(ledger).not.toMatch(/^ .*\$1/m);
  });

  it('lose their reads where the kernel has none', () => {
    const sched = script('sched', 'x64', false).replace(/^\/\/.*/gm, '');
    expect(sched).not.toContain('sock_recv_length');
    expect(sched).not.toContain('@reads');
    expect(sched).toContain('#define WATCH_READS 0');
  });
});
