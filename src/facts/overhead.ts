import { NoData } from '../errors.js';
import type { Fact, OverheadFact, WindowName } from '../types.js';
import { need } from './reader.js';
import { requestsFact } from './requests.js';

const HEAVY: readonly WindowName[] = ['observed', 'sockets', 'ledger', 'profile', 'off-cpu', 'strace'];

const isHeavy = (name: WindowName | 'all'): name is WindowName => (HEAVY as readonly string[]).includes(name);

/** Shorter windows have too few slices for a rate, s. */
const LEAST_S = 0.2;

/** What the heavy probes cost: their windows' rates against the clean windows around them. */
export const overheadFact: Fact<OverheadFact> = {
  name: 'overhead',
  compute(_run, read) {
    const { byWindow, headline, all } = need(read(requestsFact));
    if (headline === all || headline.name !== 'clean') throw new NoData('no window without heavy probes to compare with');
    if (headline.rps === 0) throw new NoData('no request completed in the clean windows');
    const heavy = byWindow.flatMap(({ name, rps, durationS }) => (isHeavy(name) && durationS >= LEAST_S ? [{ name, ratio: rps / headline.rps }] : []));
    return {
      throughputRatio: all.rps / headline.rps,
      byWindow: heavy,
      method: 'rate over the whole load (transitions included) / rate in the clean windows of the same run',
    };
  },
};
