import { pythonWaitsFact } from '../../facts/python-waits.js';
import type { Evidence, FactReader } from '../../types.js';
import { evidence, optional } from './finding.js';
import { count, frameName, percent } from './format.js';

/** Of the looks: who made less of the waiting is no help to name. */
const LEAST_SHARE = 0.3;

/** The function of the program in which its threads wait, where the runtime tells. */
export function waitingCode(read: FactReader): Evidence[] {
  const waits = optional(read(pythonWaitsFact));
  const [most] = waits?.functions ?? [];
  if (!waits || !most || most.share < LEAST_SHARE) return [];
  return [evidence(`${percent(most.share)} of the waiting in the program's code is in ${frameName(most.frame)} (${count(waits.looks)} looks)`, most.share, 'share')];
}
