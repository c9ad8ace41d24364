import { parseSs } from '../parse/ss.js';
import type { FactReader, Run } from '../types.js';
import { artifactsOf, loadSpan } from './artifacts.js';
import { procRecordingFact } from './recordings.js';

/**
 * Connections that a server's own clients kept open to it, and those that waited to be accepted, each the median of the looks
 * under load: nobody asked for so many. 0 where nobody looked.
 */
export function ownConnections(run: Run, read: FactReader): number {
  const recording = read(procRecordingFact);
  const span = loadSpan(run);
  if (!span) return 0;
  const underLoad = ({ tNs }: { tNs: number }): boolean => tNs >= span.startNs && tNs < span.endNs;
  const accepted = recording.ok ? recording.value.slices.filter(underLoad).flatMap(({ established }) =>
    (established === null ? [] : [Object.values(established).reduce((sum, n) => sum + n, 0)])) : [];
  const ss = artifactsOf(run, 'ss').find(({ file }) => file === 'ss.txt');
  const waiting = ss ? parseSs(run.text(ss)).filter(underLoad).flatMap(({ listen }) => (listen ? [listen.waiting] : [])) : [];
  return median(accepted) + median(waiting);
}

const median = (looks: readonly number[]): number => looks.toSorted((a, b) => a - b)[Math.floor(looks.length / 2)] ?? 0;
