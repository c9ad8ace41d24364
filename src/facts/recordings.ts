import { NoData } from '../errors.js';
import { parseCpuProfile, type CpuProfile } from '../parse/cpuprofile.js';
import { parseNodeNdjson, type NodeRecords } from '../parse/node-ndjson.js';
import { parsePythonNdjson, type PythonProfile, type PythonRecords } from '../parse/python-ndjson.js';
import { parsePerfScript, type PerfSample } from '../parse/perf-script.js';
import { parsePySpy } from '../parse/py-spy.js';
import { parseSourcePlaces } from '../parse/source-places.js';
import { parseProc, type ProcRecording } from '../parse/proc-ndjson.js';
import type { Fact } from '../types.js';
import { artifactsOf, loadSpan, missing } from './artifacts.js';
import { need } from './reader.js';

/** What the runtime's own probe wrote, a recording a thread. */
export const nodeRecordsFact: Fact<NodeRecords[]> = {
  name: 'node-records',
  compute(run) {
    const records = artifactsOf(run, 'node').map((a) => parseNodeNdjson(run.text(a))).filter((r) => r.meta !== null);
    if (records.length === 0) throw missing(run, 'node');
    return records;
  },
};

export const procRecordingFact: Fact<ProcRecording> = {
  name: 'proc-recording',
  compute(run) {
    const [artifact] = artifactsOf(run, 'proc');
    if (!artifact) throw missing(run, 'proc');
    return parseProc(run.text(artifact));
  },
};

/** V8 CPU profiles, one a thread; those cut short are left out. */
export const cpuProfilesFact: Fact<CpuProfile[]> = {
  name: 'cpu-profiles',
  compute(run) {
    const sources = parseSourcePlaces(artifactsOf(run, 'source-places').map((a) => run.text(a)));
    const profiles = artifactsOf(run, 'cpuprofile').flatMap((a) => {
      try {
        return [parseCpuProfile(run.text(a), sources)];
      } catch (error) {
        if (error instanceof NoData) return [];
        throw error;
      }
    });
    if (profiles.length === 0) throw missing(run, 'cpuprofile');
    return profiles;
  },
};

/** What the sitecustomize wrote, a recording a process. */
export const pythonRecordsFact: Fact<PythonRecords[]> = {
  name: 'python-records',
  compute(run) {
    const records = artifactsOf(run, 'python').map((a) => parsePythonNdjson(run.text(a))).filter((r) => r.meta !== null);
    if (records.length === 0) throw missing(run, 'python');
    return records;
  },
};

/** Profiles of Python processes by CPU time. */
export const pythonProfilesFact: Fact<PythonProfile[]> = {
  name: 'python-profiles',
  compute(run) {
    const profiles = artifactsOf(run, 'python-profile').flatMap((a) => parsePythonNdjson(run.text(a)).profile ?? []);
    if (profiles.length === 0) throw missing(run, 'python-profile');
    return profiles;
  },
};

/** The same as py-spy saw them from outside: samples without a time of their own. */
export const pythonSpiedFact: Fact<PythonProfile[]> = {
  name: 'python-spied',
  compute(run) {
    const profiles = artifactsOf(run, 'python-profile').flatMap((a) => parsePySpy(run.text(a)) ?? []);
    if (profiles.length === 0) throw missing(run, 'python-profile');
    return profiles;
  },
};

/** Stacks that perf sampled while a CPU was used, in all windows. */
export const perfSamplesFact: Fact<PerfSample[]> = {
  name: 'perf-samples',
  compute(run) {
    const [artifact] = artifactsOf(run, 'perf');
    if (!artifact) throw missing(run, 'perf');
    return [...parsePerfScript([run.text(artifact)])].filter((s) => s.stack.length > 0);
  },
};

/** The same, under load. */
export const perfLoadSamplesFact: Fact<PerfSample[]> = {
  name: 'perf-load-samples',
  compute(run, read) {
    const span = loadSpan(run);
    if (!span) throw missing(run, 'perf');
    return need(read(perfSamplesFact)).filter((s) => s.tNs >= span.startNs && s.tNs < span.endNs);
  },
};
