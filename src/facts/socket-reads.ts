import { parseSs, type SsLook } from '../parse/ss.js';
import type { FactReader, Run } from '../types.js';
import { artifactsOf } from './artifacts.js';
import { procRecordingFact } from './recordings.js';
import type { ServerReads } from './server-reads.js';

/** Of the requests, those on connections that came and went between two looks; with more than these the sum says nothing. */
const UNSEEN_AT_MOST = 0.1;

/**
 * Requests by what came in on the served port's connections from one look of ss to the next, a segment with data each: costs
 * the server nothing, and is too high where a request comes in parts. Empty where connections do not last.
 */
export function socketReads(run: Run, read: FactReader): ServerReads['slices'] {
  const [artifact] = artifactsOf(run, 'ss').filter(({ file }) => file === 'ss.txt');
  const looks = artifact ? parseSs(run.text(artifact)).flatMap(segmentsOf) : [];
  const slices: ServerReads['slices'] = [];
  let [known, lost, met] = [0, 0, 0];
  for (const [i, look] of looks.entries()) {
    const before = looks[i - 1];
    if (!before) continue;
    known += before.segments.size;
    for (const remote of before.segments.keys()) if (!look.segments.has(remote)) lost++;
    let reads = 0;
    for (const [remote, now] of look.segments) {
      const then = before.segments.get(remote);
      // Fewer than before: the client's port was used again.
      const isNew = then === undefined || now < then;
      reads += isNew ? now : now - then;
      if (isNew) met++;
    }
    slices.push({ startNs: before.tNs, endNs: look.tNs, reads });
  }
  const total = slices.reduce((sum, { reads }) => sum + reads, 0);
  const unseen = Math.max(0, opened(read, slices) - met);
  return lost > UNSEEN_AT_MOST * known || unseen > UNSEEN_AT_MOST * total ? [] : slices;
}

/** Connections that servers of the network namespace got meanwhile, this one and others; 0 where nobody counted. */
function opened(read: FactReader, slices: ServerReads['slices']): number {
  const recording = read(procRecordingFact);
  const [first, last] = [slices[0], slices.at(-1)];
  if (!recording.ok || !first || !last) return 0;
  const opens = recording.value.slices.filter(({ tNs }) => tNs >= first.startNs && tNs <= last.endNs).flatMap(({ net }) => net['PassiveOpens'] ?? []);
  return (opens.at(-1) ?? 0) - (opens[0] ?? 0);
}

/** Data segments by connection; nothing of a look that left connections out, or of a kernel that does not count. */
function segmentsOf({ tNs, established }: SsLook): { tNs: number; segments: Map<string, number> }[] {
  const counted = established?.flatMap(({ remote, dataSegmentsIn }): [string, number][] => (dataSegmentsIn === null ? [] : [[remote, dataSegmentsIn]])) ?? [];
  return established && counted.length === established.length ? [{ tNs, segments: new Map(counted) }] : [];
}
