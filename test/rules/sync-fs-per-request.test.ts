import { describe, expect, it } from 'vitest';
import { missingFileLookups } from '../../src/rules/missing-file-lookups.js';
import { syncFsPerRequest } from '../../src/rules/sync-fs-per-request.js';
import { failedPath, failedPaths, frame, hot, hotFunction, kernelWork, requests, servingCalls, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

const readJson = frame('readJson', '/app/lib/site/read-json.js', { line: 3 });
const readFileSync = frame('readFileSync', 'node:fs', { origin: 'runtime' });
const native = frame('readFileUtf8', null, { origin: 'runtime', kind: 'native', line: null });
const openSync = frame('openSync', 'node:fs', { origin: 'runtime' });
const statSync = frame('statSync', 'node:fs', { origin: 'runtime' });
const appendFileSync = frame('appendFileSync', 'node:fs', { origin: 'runtime' });

/** Three files read and stat'ed for each request (fixtures/servers/node-site-settings). */
const rereading = (): FactValues => ({
  requests: requests(50, 9_000),
  threads: threads([thread(0.98)]),
  'kernel-work': kernelWork({ openat: 0.08, statx: 0.07, close: 0.04, read: 0.1, writev: 0.11 }, { msPerRequest: 0.11 }),
  'serving-calls': servingCalls({ openat: 3, statx: 3, read: 7, close: 3, writev: 1 }),
  'found-paths': ['site', 'menu', 'footer'].map((name) => ({ path: `/app/settings/${name}.json`, syscalls: ['statx', 'openat'], perRequest: 2 })),
  'hot-functions': hot([hotFunction(native, 0.3, 0.3, [readFileSync, readJson]), hotFunction(readFileSync, 0.07, 0.42, [readJson]), hotFunction(openSync, 0.05, 0.2, [readFileSync, readJson]), hotFunction(statSync, 0.12, 0.12, [readJson]), hotFunction(readJson, 0.04, 0.7)], { app: 0.2, runtime: 0.5, kernel: 0.3 }),
});

describe('sync-fs-per-request', () => {
  it('names the file, and the function that asks for it', () => {
    const f = finding(syncFsPerRequest, rereading());
    expect(f).toMatchObject({ kind: 'cause', culprit: { kind: 'path', name: '/app/settings/site.json', file: '/app/lib/site/read-json.js', line: 3 } });
    // Reading and stat'ing, the opening within it not twice.
    expect(f.cost.share).toBeCloseTo(0.54, 2);
    expect(f.evidence[0]).toMatchObject({ value: 6, unit: 'calls/request' });
  });

  it('makes do with the kernel\'s side, and says that it is only that', () => {
    const f = finding(syncFsPerRequest, without(rereading(), 'hot-functions', 'found-paths'));
    expect(f.summary).toContain('at least');
    expect(f.cost.share).toBeCloseTo(0.15, 2);
    expect(f.culprit).toBeNull();
  });

  it('leaves the missing to missing-file-lookups, and each shows its part when both cost', () => {
    const both: FactValues = {
      ...rereading(),
      'serving-calls': servingCalls({ openat: 3, statx: 9 }, {}, { statx: { ENOENT: 6 } }),
      syscalls: { source: 'ebpf', calls: [{ name: 'statx', phase: 'serving', calls: 12_000, perRequest: 12, errors: { ENOENT: 6_000 }, timeNs: 9e7, p50Ns: 3000, p99Ns: 9000, maxNs: 80_000 }] },
      'failed-paths': failedPaths([failedPath('/app/themes/site.json', 6_000, 6)], { servingMsPerRequest: 0.03 }),
    };
    const existing = finding(syncFsPerRequest, both);
    const missing = finding(missingFileLookups, both);
    expect(existing.cost.share).toBeCloseTo(0.27, 2);
    expect(missing.cost.share).toBeGreaterThan(0.2);
    expect(existing.cost.share + missing.cost.share).toBeLessThan(0.7);
    absent(syncFsPerRequest, { ...rereading(), 'serving-calls': servingCalls({ statx: 12 }, {}, { statx: { ENOENT: 12 } }) });
  });

  it('is absent where files are read in the pool, rarely, or at the price of serving one', () => {
    absent(syncFsPerRequest, { ...rereading(), 'serving-calls': servingCalls({ writev: 1, read: 1 }) });
    absent(syncFsPerRequest, { ...rereading(), 'serving-calls': servingCalls({ openat: 0.2, statx: 0.2 }) });
    const nginx = { ...without(rereading(), 'hot-functions'), 'serving-calls': servingCalls({ openat: 1, newfstatat: 1 }), 'kernel-work': kernelWork({ openat: 0.15, newfstatat: 0.03 }, { msPerRequest: 0.03 }) };
    expect(absent(syncFsPerRequest, nginx)).toContain('what serving a file takes');
  });

  it('does not count what is written: a log is another matter', () => {
    const logging = { ...rereading(), 'kernel-work': kernelWork({ openat: 0.05, write: 0.04 }, { msPerRequest: 0.04 }), 'serving-calls': servingCalls({ openat: 2, write: 2, close: 2 }), 'hot-functions': hot([hotFunction(openSync, 0.1, 0.2, [appendFileSync, readJson]), hotFunction(appendFileSync, 0.1, 0.4, [readJson])], { app: 0.2 }) };
    absent(syncFsPerRequest, logging);
  });

  it('has no data without calls or kernel time', () => {
    noData(syncFsPerRequest, without(rereading(), 'serving-calls'));
    noData(syncFsPerRequest, without(rereading(), 'kernel-work'));
  });
});
