import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseStrace, straceHeader } from '../../src/parse/strace.js';
import { decodeEscapes } from '../../src/parse/strace-call.js';
import { summarizeStrace } from '../../src/parse/strace-summary.js';

const raw = (name: string) => readFileSync(new URL(`../../fixtures/raw/strace/${name}`, import.meta.url), 'utf8');

const inChunks = (text: string, size: number) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));

describe('strace', () => {
  it('counts the failed paths of a start, decoded', () => {
    const text = raw('python-startup.txt');
    expect(straceHeader(text)?.calls).toBe('failed-file');
    const { failedPaths } = summarizeStrace(parseStrace([text]));
    const missing = failedPaths.filter(({ path }) => path.startsWith('/nonexist/'));
    expect(missing.map(({ path, errno, syscall, calls, truncated }) => [path, errno, syscall, calls, truncated])).toEqual([
      ['/nonexist/a', 'ENOENT', 'newfstatat', 3, false],
      ['/nonexist/café "x"\n', 'ENOENT', 'newfstatat', 3, false],
      [`/nonexist/${'y'.repeat(300)}`, 'ENOENT', 'newfstatat', 3, false],
    ]);
  });

  it('puts calls on the monotonic clock', () => {
    const text = raw('node-hello.txt');
    const header = straceHeader(text);
    const [call] = [...parseStrace([text])].filter(({ syscall }) => syscall === 'writev');
    const [, seconds, micros] = /^\d+ (\d+)\.(\d{6}) writev/m.exec(text) ?? [];
    expect(call?.tNs).toBe((header?.monotonicNs ?? NaN) + (Number(seconds) - (header?.wallS ?? NaN)) * 1e9 + Number(micros) * 1e3);
  });

  it('has one call for each begun, whether it ended or not', () => {
    const text = raw('node-hello.txt');
    const calls = [...parseStrace([text])];
    const begun = text.split('\n').filter((line) => /^\d+ [\d.]+ [a-z]/.test(line));
    expect(calls).toHaveLength(begun.length);
    expect(calls.filter(({ durationNs }) => durationNs === null).length).toBeGreaterThan(0);
    const { syscalls } = summarizeStrace(calls);
    expect(syscalls.find(({ name }) => name === 'read')?.calls).toBe(begun.filter((line) => / read\(/.test(line)).length);
  });

  it('gives the same at any chunk size', () => {
    const text = raw('malformed.txt') + raw('node-hello.txt');
    const whole = [...parseStrace([text])];
    for (const size of [1, 13, 1000]) expect([...parseStrace(inChunks(text, size))]).toEqual(whole);
  });

  it('survives malformed text', () => {
    const calls = [...parseStrace([raw('malformed.txt')])];
    expect(calls.map(({ tid, syscall, path, pathTruncated, result, errno, durationNs }) => [tid, syscall, path, pathTruncated, result, errno, durationNs])).toEqual([
      [77, 'openat', '/a) = 3 "q" <unfinished ...>', false, '-1', 'ENOENT', 10_000],
      [78, 'execve', '/bin/\uFFFD\x01xAq', true, '-1', 'EACCES', 20_000],
      [77, 'exit_group', null, false, null, null, null],
      [79, 'openat', '/slow', false, '4', null, 250_000_000],
      [81, 'epoll_wait', null, false, null, 'ERESTARTSYS', 300_000_000],
      [82, 'openat', null, false, '-1', 'EFAULT', 1000],
      [83, 'mmap', null, false, '0x7f00', null, 1000],
      [84, 'statx', null, false, null, null, null],
    ]);
    expect(calls[0]?.tNs).toBe(5e9 + 1e9 + 1000);
  });

  it('refuses output without a clock', () => {
    expect(() => [...parseStrace(['77 1000.5 close(3) = 0 <0.1>\n'])]).toThrow(/first line/);
    expect([...parseStrace([''])]).toEqual([]);
  });

  it.each([
    ['plain', 'plain'], ['caf\\303\\251', 'café'], ['a\\nb\\tc', 'a\nb\tc'], ['\\"\\\\', '"\\'], ['\\0012', '\x012'], ['\\x41\\377', 'A\uFFFD'], ['end\\', 'end'],
    ['žluť\\303\\251', 'žluťé'],
  ])('decodes %j', (escaped, text) => {
    expect(decodeEscapes(escaped)).toBe(text);
  });
});
