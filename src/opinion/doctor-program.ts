/**
 * A program of its own: reads samples from stdin, has @clinic/doctor's analysis judge them, and writes what it says to
 * stdout. Apart, since that analysis brings TensorFlow along (seconds, 100 MB), and may print or fail.
 */
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { DoctorInput, DoctorSays } from './doctor-input.js';

const require = createRequire(import.meta.url);
const { nodeVersion, processStat, traceEvents } = JSON.parse(await text(process.stdin)) as DoctorInput;

// What its own decoders would have read from the files of its collector.
type Analysis = new (systemInfo: Readable, traceEvents: Readable, processStat: Readable) => Readable;
const Doctor = require('@clinic/doctor/analysis/index.js') as Analysis;
const analysis = new Doctor(Readable.from([{ nodeVersion }]), Readable.from(traceEvents), Readable.from(processStat.map((stat) => ({ ...stat, loopUtilization: stat.loopUtilization ?? NaN }))));
analysis.once('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
analysis.once('data', (says: DoctorSays) => {
  const { version } = require('@clinic/doctor/package.json') as { version: string };
  process.stdout.write(JSON.stringify({ ...says, version }));
});
