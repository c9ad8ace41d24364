/**
 * pprof: a gzipped protocol buffer, read by `go tool pprof`, Pyroscope, Parca, Grafana, speedscope.
 * https://github.com/google/pprof/blob/main/proto/profile.proto
 *
 *   sample: locations from the leaf, values [count, ns], labels thread, tid, pid
 *   location: one line of one function; function: name and file
 */
import { gzipSync } from 'node:zlib';
import { Function as PprofFunction, Label, Line, Location, Mapping, Profile, Sample, StringTable, ValueType } from 'pprof-format';
import type { StackFrame, StackProfile } from '../types.js';
import type { ExportOptions } from './formats.js';
import { plainText } from './frame-text.js';

/** What others call these weights. */
const TYPES: Record<StackProfile['unit'], string> = { cpu: 'cpu', wall: 'wall', 'off-cpu': 'offcpu' };

export function pprof({ stacks, unit, durationNs }: StackProfile, { title, createdAt }: ExportOptions): Uint8Array {
  const stringTable = new StringTable();
  const text = (value: string): number => stringTable.dedup(plainText(value));
  const [functions, locations] = [new Map<string, PprofFunction>(), new Map<string, Location>()];
  const ids = new Map<StackFrame, number>();
  const idOf = (frame: StackFrame): number => {
    let id = ids.get(frame);
    if (id === undefined) ids.set(frame, (id = Number(locationOf(frame).id)));
    return id;
  };
  const locationOf = ({ name, file, line }: StackFrame): Location => {
    const calledAs = plainText(name) || '(anonymous)';
    const functionKey = `${calledAs}\0${file ?? ''}`;
    const key = `${functionKey}\0${String(line)}`;
    const known = locations.get(key);
    if (known) return known;
    let fn = functions.get(functionKey);
    if (!fn) functions.set(functionKey, (fn = new PprofFunction({ id: functions.size + 1, name: text(calledAs), systemName: text(calledAs), filename: text(file ?? ''), startLine: line ?? 0 })));
    const location = new Location({ id: locations.size + 1, mappingId: 1, line: [new Line({ functionId: fn.id, line: line ?? 0 })] });
    locations.set(key, location);
    return location;
  };

  const sample = stacks.map(({ frames, weightNs, samples, pid, tid, thread }) => new Sample({
    locationId: frames.map(idOf).reverse(),
    value: [samples, Math.round(weightNs)],
    label: [
      new Label({ key: text('thread'), str: text(thread) }),
      ...(tid === null ? [] : [new Label({ key: text('tid'), num: tid })]),
      new Label({ key: text('pid'), num: pid }),
    ],
  }));
  const [count, ns] = [stacks.reduce((n, s) => n + s.samples, 0), stacks.reduce((sum, s) => sum + s.weightNs, 0)];
  const time = new ValueType({ type: text(TYPES[unit]), unit: text('nanoseconds') });
  const createdMs = Date.parse(createdAt);
  return gzipSync(new Profile({
    sampleType: [new ValueType({ type: text('samples'), unit: text('count') }), time],
    sample, stringTable,
    // Names are known: nobody need look for them in a program on the reader's machine.
    mapping: [new Mapping({ id: 1, filename: text(title), hasFunctions: true, hasFilenames: true, hasLineNumbers: true, hasInlineFrames: true })],
    location: [...locations.values()], function: [...functions.values()],
    timeNanos: Number.isFinite(createdMs) ? BigInt(createdMs) * 1_000_000n : 0,
    durationNanos: Math.round(durationNs),
    periodType: time, period: count > 0 ? Math.round(ns / count) : 0,
    defaultSampleType: text(TYPES[unit]),
    comment: [text(`whyslow: ${title}`)],
  }).encode());
}
