import { expect, it } from 'vitest';
import { doctorSamplesFact } from '../../src/facts/doctor-samples.js';
import { factReader } from '../../src/facts/reader.js';
import { runOf, s, window } from './run.js';

const windows = [window('warmup', 0, 1), window('clean', 1, 3), window('observed', 3, 4), window('clean', 4, 6)];
const meta = (pid: number, isMainThread = true) => ({ type: 'meta', pid, tid: pid, atNs: s(0), periodMs: 5, node: 'v20.1.0', isMainThread });
const doctor = (cpu: number) => ({ type: 'doctor', samples: Array.from({ length: 70 }, (_, i) => [s(i / 10), 1, cpu, 1, 2, 3, 4, 5, i === 0 ? null : 50]) });
const gc = { type: 'gc', pauses: [[1, s(0.5), 1e6, 0], [4, s(2), 2e6, 0], [1, s(3.5), 1e6, 0]] };
const text = (...records: object[]) => records.map((r) => JSON.stringify(r)).join('\n');
const readOf = (...texts: string[]) => factReader(runOf({ windows, texts: texts.map((one, i) => [{ probe: 'node', window: 'all', pid: i, tid: i }, one]) }));

it('is what the busiest main thread did in the clean windows', () => {
  const seen = readOf(text(meta(1), doctor(0.2), gc), text(meta(2), doctor(0.9), gc), text(meta(3, false), doctor(5)))(doctorSamplesFact);
  if (!seen.ok) throw new Error(seen.reason);
  expect(seen.value).toMatchObject({ pid: 2, node: 'v20.1.0' });
  expect(seen.value.samples.map(({ atNs }) => Math.round((atNs - s(0)) / 1e8))).toEqual([...Array.from({ length: 21 }, (_, i) => 10 + i), ...Array.from({ length: 21 }, (_, i) => 40 + i)]);
  expect(seen.value.samples[0]).toEqual({ atNs: s(1), delayMs: 1, cpu: 0.9, rss: 1, heapTotal: 2, heapUsed: 3, external: 4, handles: 5, loopUtilization: 50 });
  expect(seen.value.gc).toHaveLength(1);
});

it('says what is missing: samples, or Node', () => {
  expect(readOf(text(meta(1), gc))(doctorSamplesFact)).toMatchObject({ ok: false, reason: expect.stringContaining('run again with --second-opinion') as string });
  expect(readOf(text(meta(1), { type: 'doctor', samples: [[1, 2], 'x'] }, { type: 'doctor' }))(doctorSamplesFact)).toMatchObject({ ok: false });
  const python = runOf({ windows });
  python.manifest.target.runtime = 'python';
  expect(factReader(python)(doctorSamplesFact)).toMatchObject({ ok: false, reason: 'Clinic Doctor is for Node; this server is python' });
});
