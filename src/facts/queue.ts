import { NoData } from '../errors.js';
import { machineDelta } from '../parse/proc-delta.js';
import type { Fact, QueueFact } from '../types.js';
import { loadSpan, seconds } from './artifacts.js';
import { need } from './reader.js';
import { procRecordingFact } from './recordings.js';
import { ssSummaryFact } from './ss-looks.js';

/** What waits or is lost before the server sees it: counters of the network namespace, and the listening socket's own. */
export const queueFact: Fact<QueueFact> = {
  name: 'queue',
  compute(run, read) {
    // Without the warm-up, in which the connections are made: a queue that overflows then alone is no cause of what is measured.
    const span = loadSpan(run);
    if (!span) throw new NoData('no load was driven in this run');
    const machine = machineDelta(need(read(procRecordingFact)), span.startNs, span.endNs);
    if (!machine) throw new NoData('the recording of /proc does not reach over the load');
    const { net } = machine;
    if (net['ListenOverflows'] === undefined) throw new NoData('/proc/PID/net/netstat of the target could not be read', 'run as the same user as the target, or as root');
    const looks = read(ssSummaryFact);
    const grown = (name: string): number => Math.round(net[name] ?? 0);
    return {
      durationS: seconds(span),
      overflows: grown('ListenOverflows'), drops: grown('ListenDrops'),
      portDrops: looks.ok ? looks.value.drops : null,
      synRetransmits: grown('TCPSynRetrans'), retransmits: grown('RetransSegs'), accepted: grown('PassiveOpens'),
      listenQueue: looks.ok && looks.value.listenQueue ? { ...looks.value.listenQueue, fullShare: looks.value.fullShare ?? 0 } : null,
    };
  },
};
