import { describe, expect, it } from 'vitest';
import { missingFileLookups } from '../../src/rules/missing-file-lookups.js';
import { failedPath, failedPaths, flaskNagle, frame, hot, hotFunction, ledger, ledgerThread, nodeHello, requests, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

const resolve = frame('resolveView', '/app/lib/views/resolve.js', { line: 21 });
const exists = frame('existsSync', 'node:fs', { origin: 'runtime' });
const statNative = frame('internalModuleStat', null, { origin: 'runtime', kind: 'native', line: null });

/** 24 failing lookups a request: 3,100 requests a second, each 0.31 ms of CPU, half of it looking. */
const searching = (): FactValues => ({
  requests: requests(50, 3100),
  threads: threads([thread(0.97, { systemShare: 0.45 })]),
  ledger: ledger(ledgerThread({ user: 0.5, 'kernel:newfstatat': 0.34, 'kernel:openat': 0.04, 'kernel:write': 0.05 })),
  syscalls: { source: 'ebpf', calls: [{ name: 'newfstatat', phase: 'serving', calls: 25_000, perRequest: 25, errors: { ENOENT: 24_000 }, timeNs: 9e7, p50Ns: 3000, p99Ns: 9000, maxNs: 80_000 }] },
  'failed-paths': failedPaths([
    ...['de-CH.', 'de.', 'fr.', ''].map((locale) => failedPath(`/app/views/home.${locale}html`, 4000, 4)),
    failedPath('/app/themes/footer.html', 8000, 8),
    failedPath('/usr/lib/node/x.js', 120, null),
  ], { servingMsPerRequest: 0.11 }),
  'hot-functions': hot([hotFunction(exists, 0.1, 0.46, [resolve]), hotFunction(statNative, 0.36, 0.36, [exists, resolve]), hotFunction(resolve, 0.12, 0.66)], { app: 0.2, runtime: 0.55, kernel: 0.2 }),
});

describe('missing-file-lookups', () => {
  it('sees failing lookups on each request, with paths, folder and caller', () => {
    const f = finding(missingFileLookups, searching());
    expect(f.kind).toBe('cause');
    expect(f.evidence[0]).toMatchObject({ value: 24, unit: 'calls/request' });
    expect(f.culprit).toMatchObject({ kind: 'path', name: '/app/views/home.*html (4 paths)', file: '/app/lib/views/resolve.js', line: 21 });
    expect(f.cost.share).toBeGreaterThan(0.4);
    expect(f.cost.share).toBeLessThan(0.5);
    expect(f.advice[0]).toContain('resolveView');
  });

  it('makes do with the kernel alone, or the profile alone', () => {
    expect(finding(missingFileLookups, without(searching(), 'hot-functions')).cost.share).toBeGreaterThan(0.3);
    const kernelOnly = { ...without(searching(), 'hot-functions', 'ledger', 'syscalls'), 'failed-paths': { ...searching()['failed-paths']!, servingMsPerRequest: 0.012 } };
    expect(finding(missingFileLookups, kernelOnly)).toMatchObject({ kind: 'cause', summary: expect.stringContaining('at least') });
    const profileOnly = without(searching(), 'ledger', 'syscalls');
    expect(finding(missingFileLookups, { ...profileOnly, 'failed-paths': { ...profileOnly['failed-paths']!, source: 'strace', servingMsPerRequest: null } }).kind).toBe('cause');
  });

  it('makes do with the errors of calls, and says that the paths are not known', () => {
    const f = finding(missingFileLookups, without(searching(), 'failed-paths'));
    expect(f).toMatchObject({ kind: 'cause', culprit: null });
    expect(f.evidence[0]?.text).toContain('not known');
    expect(f.confidence).toBeLessThan(finding(missingFileLookups, searching()).confidence);
  });

  it('is a note where looking takes no time worth naming', () => {
    const values = searching();
    const cheap: FactValues = {
      ...values,
      ledger: ledger(ledgerThread({ user: 0.9, 'kernel:newfstatat': 0.02 })),
      'hot-functions': hot([hotFunction(exists, 0.01, 0.03, [resolve])], { app: 0.8, runtime: 0.1 }),
      'failed-paths': { ...values['failed-paths']!, servingMsPerRequest: 0.005 },
    };
    expect(finding(missingFileLookups, cheap).kind).toBe('note');
  });

  it('does not take a search at startup for one on each request', () => {
    expect(absent(missingFileLookups, flaskNagle())).toContain('startup');
    absent(missingFileLookups, nodeHello());
  });

  it('does not count failures of another kind, or rare ones', () => {
    absent(missingFileLookups, { ...searching(), 'failed-paths': failedPaths([failedPath('/app/a', 24_000, 24, { errno: 'EINVAL', syscall: 'readlink' })]) });
    absent(missingFileLookups, { ...searching(), 'failed-paths': failedPaths([failedPath('/app/cache/x', 100, 0.1)]) });
  });

  it('does not charge it with lookups that succeed', () => {
    const values = searching();
    const mostlyFound: FactValues = { ...values, syscalls: { source: 'ebpf', calls: [{ ...values.syscalls!.calls[0]!, calls: 240_000 }] } };
    expect(finding(missingFileLookups, mostlyFound).cost.share).toBeLessThan(0.1);
  });

  it('has no data without failing paths, or without requests to set them against', () => {
    expect(noData(missingFileLookups, without(searching(), 'failed-paths', 'syscalls')).enable).toBe('run the probe for failed-paths');
    noData(missingFileLookups, { ...searching(), 'failed-paths': failedPaths([failedPath('/a', 10, 1)], { servingPerRequest: null }) });
  });
});
