import { describe, expect, it } from 'vitest';
import type { WriteTarget } from '../../src/facts/serving-calls.js';
import { accessLogPerRequest } from '../../src/rules/access-log-per-request.js';
import { frame, hot, hotFunction, kernelWork, requests, servingCalls, sockets, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

const sink = frame('write', '/app/lib/log/sinks.js', { line: 4 });
const append = frame('appendFileSync', 'node:fs', { origin: 'runtime' });
const writeFile = frame('writeFileSync', 'node:fs', { origin: 'runtime' });
const native = frame('writeFileUtf8', null, { origin: 'runtime', kind: 'native', line: null });
const to = (kind: WriteTarget['kind'], perRequest: number, more: Partial<WriteTarget> = {}): WriteTarget => ({ kind, fd: 23, to: kind === 'file' ? '/var/log/app/access.log' : null, perRequest, nsPerRequest: perRequest * 4000, ...more });

/** Two lines a request, the file opened for each (fixtures/servers/node-request-log). */
const appending = (): FactValues => ({
  requests: requests(50, 17_000),
  threads: threads([thread(0.97)]),
  sockets: sockets(),
  'kernel-work': kernelWork({ writev: 0.24, openat: 0.1, write: 0.06, close: 0.04 }, { msPerRequest: 0.037 }),
  'serving-calls': servingCalls({ writev: 1, openat: 2, write: 2, close: 2 }, { writes: [to('gone', 2), to('socket', 1, { to: 'socket' })] }),
  'found-paths': [{ path: '/var/log/app/access.log', syscalls: ['openat'], perRequest: 2 }],
  'hot-functions': hot([hotFunction(native, 0.45, 0.45, [writeFile, append, sink]), hotFunction(sink, 0.01, 0.47)], { runtime: 0.8 }),
});

describe('access-log-per-request', () => {
  it('names the file that is opened for each line, and who writes', () => {
    const f = finding(accessLogPerRequest, appending());
    expect(f).toMatchObject({ kind: 'cause', culprit: { kind: 'path', name: '/var/log/app/access.log', file: '/app/lib/log/sinks.js', line: 4 } });
    expect(f.cost.share).toBeCloseTo(0.45, 2);
    expect(f.advice.join()).toContain('Keep the file open');
  });

  it('sees a file that stays open, and standard output on a pipe', () => {
    const open = { ...without(appending(), 'hot-functions'), 'serving-calls': servingCalls({ write: 2 }, { writes: [to('file', 2)] }) };
    expect(finding(accessLogPerRequest, open).culprit?.name).toBe('/var/log/app/access.log');
    const piped = { ...open, 'serving-calls': servingCalls({ write: 3 }, { writes: [to('pipe', 3, { fd: 1, to: 'pipe' })] }) };
    expect(finding(accessLogPerRequest, piped).summary).toContain('standard output');
  });

  it('is absent for a line that costs nothing, a pipe of the program\'s own, and connections that come and go', () => {
    expect(absent(accessLogPerRequest, { ...without(appending(), 'hot-functions'), 'kernel-work': kernelWork({ write: 0.004 }, { msPerRequest: 2 }) })).toContain('%');
    absent(accessLogPerRequest, { ...appending(), 'serving-calls': servingCalls({ write: 3 }, { writes: [to('pipe', 3, { fd: 7, to: 'pipe' })] }) });
    absent(accessLogPerRequest, { ...appending(), 'serving-calls': servingCalls({ writev: 1, accept4: 1, close: 1 }, { writes: [to('gone', 0.4), to('socket', 0.6, { to: 'socket' })] }) });
  });

  it('is absent where the time goes to the disk\'s confirmation, not to the writing', () => {
    const sync = frame('fsyncSync', 'node:fs', { origin: 'runtime' });
    const profile = hot([hotFunction(sync, 0.8, 0.8, [sink]), hotFunction(native, 0.04, 0.04, [writeFile, append, sink])], { runtime: 0.8 });
    expect(absent(accessLogPerRequest, { ...appending(), 'kernel-work': kernelWork({ write: 0.004 }, { msPerRequest: 0.2 }), 'hot-functions': profile })).toContain('take 8%');
  });

  it('has no data without calls or kernel time', () => {
    noData(accessLogPerRequest, without(appending(), 'serving-calls'));
    noData(accessLogPerRequest, without(appending(), 'kernel-work'));
  });
});
