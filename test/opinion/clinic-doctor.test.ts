import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { doctorInput } from '../../src/opinion/doctor-input.js';
import { secondOpinion } from '../../src/opinion/clinic-doctor.js';
import type { DoctorSample, GcPause } from '../../src/parse/node-ndjson.js';
import type { FindingId, Report } from '../../src/types.js';
import { sample } from '../report/samples.js';
import { requires } from '../require.js';
import { pauses, series } from './series.js';

const report = (id: FindingId): Report => { const one = sample('healthy'); one.verdict.id = id; return one; };
const asked = (samples: DoctorSample[], gc: GcPause[], id: FindingId = 'healthy') =>
  secondOpinion(report(id), { ok: true, value: { pid: 7, node: 'v20.1.0', samples, gc } });

/** What `clinic doctor --visualize-only` would say: the same figures as files of its own collector, read by its own decoders. */
function fromItsOwnFiles(samples: DoctorSample[], gc: GcPause[]): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'whyslow-doctor-'));
  const script = `
    const { pipeline } = require('node:stream'), fs = require('node:fs'), { join } = require('node:path');
    const D = ${JSON.stringify(path.dirname(createRequire(import.meta.url).resolve('@clinic/doctor/package.json')))};
    const Encoder = require(D + '/format/process-stat-encoder.js'), Stat = require(D + '/format/process-stat-decoder.js');
    const Trace = require(D + '/format/trace-event-decoder.js'), Info = require(D + '/format/system-info-decoder.js'), Analysis = require(D + '/analysis/index.js');
    const { processStat, traceEvents } = JSON.parse(fs.readFileSync(0, 'utf8'));
    const encoder = new Encoder(), out = encoder.pipe(fs.createWriteStream('stat'));
    for (const stat of processStat) encoder.write(stat);
    encoder.end();
    fs.writeFileSync('trace', JSON.stringify({ traceEvents: [...traceEvents, { name: 'V8.Execute', args: { startTimestamp: 1, endTimestamp: 2 } }].map(({ name, args }) => ({ pid: 1, tid: 1, ph: 'X', cat: 'v8', name, ts: args.startTimestamp * 1e3, dur: (args.endTimestamp - args.startTimestamp) * 1e3, tts: 0, tdur: 0, args: {} })) }));
    fs.writeFileSync('info', JSON.stringify({ clock: { hrtime: [0, 0], unixtime: 0 }, nodeVersions: { node: '20.1.0' } }));
    out.on('close', () => {
      const info = fs.createReadStream('info').pipe(new Info());
      new Analysis(info, fs.createReadStream('trace').pipe(new Trace(info)), fs.createReadStream('stat').pipe(new Stat())).on('data', (d) => process.stdout.write(d.issueCategory));
    });`;
  try {
    writeFileSync(path.join(dir, 'run.cjs'), script);
    return execFileSync(process.execPath, ['run.cjs'], { cwd: dir, input: JSON.stringify(doctorInput('v20.1.0', samples, gc)), encoding: 'utf8' });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

describe.skipIf(requires('npm:@clinic/doctor/package.json').skip)('Clinic Doctor', { timeout: 60_000 }, () => {
  it.each([
    ['a server that idles', series(3, { cpu: 0.1 }), pauses(3, 500, 1), 'io', 'healthy', false, /less than 90% of a core.*also when the load asks for no more/],
    ['one that waits', series(3, { cpu: 0.2 }), pauses(3, 500, 1), 'io', 'blocked-downstream', true, /blocked-downstream says for what/],
    ['one whose loop is held', series(3, { cpu: 1, delayMs: 30 }), pauses(3, 500, 1), 'event-loop', 'cpu-bound-user', true, /says by what/],
    ['one that collects all the time', series(3, { cpu: 1.2, delayMs: 3 }), pauses(3, 50, 20), 'gc', 'gc-pressure', true, /adds its cost/],
    ['one that is busy and well', series(3, { cpu: 1, delayMs: 1 }), pauses(3, 200, 1), 'none', 'healthy', true, /neither/],
    ['one with several signals', series(3, { cpu: 0.3, delayMs: 30 }), pauses(3, 50, 20), 'unknown', 'gc-pressure', null, /one cause or none.*delay, cpu, memory/],
    ['one without a collection', series(3, { cpu: 0.5 }), [], 'data', 'healthy', null, /too little/],
  ] as const)('says of %s what it says of its own files, and why we differ', async (_, samples, gc, category, verdict, agrees, why) => {
    const opinion = await asked([...samples], [...gc], verdict);
    expect(opinion).toMatchObject({ tool: 'clinic-doctor', category, agrees, pid: 7, samples: samples.length });
    expect(opinion.why).toMatch(why);
    expect(opinion.version).toMatch(/^11\./);
    expect(fromItsOwnFiles([...samples], [...gc])).toBe(category);
  });

  it('says the same each time', async () => {
    const [samples, gc] = [series(3, { cpu: 0.5, delayMs: 5 }), pauses(3, 100, 5)];
    expect(await asked(samples, gc)).toEqual(await asked(samples, gc));
  });
});

it('is not there where the run holds nothing for it', async () => {
  const opinion = await secondOpinion(report('healthy'), { ok: false, reason: 'Clinic Doctor is for Node; this server is python' });
  expect(opinion).toMatchObject({ category: null, agrees: null, why: 'Clinic Doctor is for Node; this server is python' });
});
