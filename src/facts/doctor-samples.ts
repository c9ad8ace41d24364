import { NoData } from '../errors.js';
import type { DoctorSample, GcPause, NodeRecords } from '../parse/node-ndjson.js';
import type { Fact, Run } from '../types.js';
import { quietWindows } from './artifacts.js';
import { nodeRecordsFact } from './recordings.js';
import { need } from './reader.js';

/** What Clinic Doctor would have seen of one process, in the clean windows: no probe of ours is heavy there. */
export interface DoctorSamples { pid: number; node: string; samples: DoctorSample[]; gc: GcPause[] }

/** Of the Node process that used most CPU: Clinic Doctor watches one, without workers and clusters. */
export const doctorSamplesFact: Fact<DoctorSamples> = {
  name: 'doctor-samples',
  compute(run, read) {
    if (run.manifest.target.runtime !== 'node') throw new NoData(`Clinic Doctor is for Node; this server is ${run.manifest.target.runtime === 'native' ? 'no Node program' : run.manifest.target.runtime}`);
    const recordings = need(read(nodeRecordsFact)).filter((r) => r.meta?.isMainThread);
    const [most] = recordings.map((records) => inQuiet(run, records)).filter(({ samples }) => samples.length > 0)
      .sort((a, b) => cpuOf(b.samples) - cpuOf(a.samples));
    if (!most) throw new NoData('the run holds no samples for Clinic Doctor: run again with --second-opinion');
    return most;
  },
};

const cpuOf = (samples: readonly DoctorSample[]): number => samples.reduce((sum, { cpu }) => sum + cpu, 0);

function inQuiet(run: Run, { meta, doctor, gc }: NodeRecords): DoctorSamples {
  const quiet = quietWindows(run);
  const within = (atNs: number) => quiet.some(({ startNs, endNs }) => atNs >= startNs && atNs <= endNs);
  return { pid: meta?.pid ?? 0, node: meta?.node ?? '', samples: doctor.filter(({ atNs }) => within(atNs)), gc: gc.filter(({ startNs }) => within(startNs)) };
}
