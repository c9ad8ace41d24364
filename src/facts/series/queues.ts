import { NoData } from '../../errors.js';
import { parseSs, type SsLook, type SsSocket } from '../../parse/ss.js';
import type { Run, TimelineSeries } from '../../types.js';
import { artifactsOf, missing } from '../artifacts.js';

/** Where requests and answers stand in line around the served port, as `ss` found them. */
export function queues(run: Run): TimelineSeries[] {
  const [artifact] = artifactsOf(run, 'ss');
  if (!artifact) throw missing(run, 'ss');
  const looks = parseSs(run.text(artifact));
  const of = (label: string, value: (look: SsLook) => number | null): TimelineSeries => ({
    chart: 'queues', unit: 'sockets', kind: 'looks', label,
    points: looks.flatMap((look) => {
      const found = value(look);
      return found === null ? [] : [{ startNs: look.tNs, endNs: look.tNs, value: found }];
    }),
  });
  const sockets = (has: (socket: SsSocket) => boolean) => ({ established }: SsLook): number | null => established && established.filter(has).length;
  const series = [
    of('not yet accepted', ({ listen }) => listen && listen.waiting),
    of('with a request not yet read', sockets((s) => s.recvQBytes > 0)),
    of('with an answer held back', sockets((s) => s.notSentBytes > 0)),
    of('open', sockets(() => true)),
  ].filter(({ points }) => points.length > 0);
  if (series.length === 0) throw new NoData('ss saw no socket of the served port');
  return series;
}
