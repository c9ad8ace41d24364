import type { Rule } from '../types.js';
import { blockedDownstream } from './blocked-downstream.js';
import { cpuBoundUser } from './cpu-bound-user.js';
import { eventLoopBlocked } from './event-loop-blocked.js';
import { fsyncPerRequest } from './fsync-per-request.js';
import { gcPressure } from './gc-pressure.js';
import { healthy } from './healthy.js';
import { loadClientSaturated } from './load-client-saturated.js';
import { loadNon2xx } from './load-non-2xx.js';
import { loadTimeouts } from './load-timeouts.js';
import { lockContention } from './lock-contention.js';
import { missingFileLookups } from './missing-file-lookups.js';
import { nagleDelayedAck } from './nagle-delayed-ack.js';
import { singleCoreBound } from './single-core-bound.js';
import { startupImportSearch } from './startup-import-search.js';
import { timerWait } from './timer-wait.js';
import { unknown } from './unknown.js';
import { workerPoolExhausted } from './worker-pool-exhausted.js';

/** Every rule, in the order of judgement: is the load true, is it the CPU, is it blocked, is it waiting; what is left last. */
export const rules: readonly Rule[] = [
  loadNon2xx,
  loadClientSaturated,
  loadTimeouts,
  eventLoopBlocked,
  cpuBoundUser,
  gcPressure,
  missingFileLookups,
  workerPoolExhausted,
  blockedDownstream,
  lockContention,
  fsyncPerRequest,
  nagleDelayedAck,
  timerWait,
  singleCoreBound,
  startupImportSearch,
  healthy,
  unknown,
];
