import { NoData } from '../../errors.js';
import type { NodeRecords } from '../../parse/node-ndjson.js';
import type { PythonRecords } from '../../parse/python-ndjson.js';
import type { FactReader, Run, TimelineSeries } from '../../types.js';
import { nodeRecordsFact, pythonRecordsFact } from '../recordings.js';
import { servingPids } from './serving.js';

type Points = TimelineSeries['points'];

/** Share of the time in garbage collection, of the thread (Node) or process (Python) that serves and lost most to it. */
export function gc(_run: Run, read: FactReader): TimelineSeries[] {
  const [node, python] = [read(nodeRecordsFact), read(pythonRecordsFact)];
  const pids = servingPids(read);
  const serves = ({ meta }: { meta: { pid: number } | null }): boolean => meta !== null && (!pids || pids.has(meta.pid));
  const lost = (points: Points): number => points.reduce((ns, p) => ns + p.value * (p.endNs - p.startNs), 0);
  const of = [
    ...(node.ok ? node.value.filter(serves).map(nodePoints) : []),
    // PyPy tells of its collections by other means: nothing seen is not none.
    ...(python.ok ? python.value.filter((r) => serves(r) && r.meta?.implementation !== 'pypy').map(pythonPoints) : []),
  ].filter((points) => points.length > 0).sort((a, b) => lost(b) - lost(a));
  const [worst] = of;
  if (!worst) throw new NoData('no runtime told of its garbage collection', 'Node and Python do, launched through whyslow');
  return [{ chart: 'gc', unit: 'share', kind: 'slices', label: of.length === 1 ? 'time in collections' : 'time in collections, worst process', points: worst }];
}

const nodePoints = ({ slices, gc: pauses }: NodeRecords): Points => slices.map(({ startNs, endNs }) => ({
  startNs, endNs,
  value: pauses.reduce((ns, p) => ns + Math.max(0, Math.min(p.startNs + p.durationNs, endNs) - Math.max(p.startNs, startNs)), 0) / (endNs - startNs || 1),
}));

/** A slice is told only when something was collected in it: in between, while the process lived and was watched, nothing was. */
function pythonPoints({ meta, gc: slices, end }: PythonRecords): Points {
  const points: Points = [];
  let sinceNs = meta?.atNs ?? slices[0]?.startNs ?? 0;
  for (const { startNs, endNs, generations } of slices) {
    if (startNs > sinceNs) points.push({ startNs: sinceNs, endNs: startNs, value: 0 });
    points.push({ startNs, endNs, value: Math.min(1, generations.reduce((ns, [, spent]) => ns + spent, 0) / (endNs - startNs || 1)) });
    sinceNs = endNs;
  }
  if (end && end.atNs > sinceNs) points.push({ startNs: sinceNs, endNs: end.atNs, value: 0 });
  return points;
}
