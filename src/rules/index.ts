import type { Rule } from '../types.js';
import { blockedDownstream } from './blocked-downstream.js';
import { acceptQueueOverflow } from './accept-queue-overflow.js';
import { connectionChurn } from './connection-churn.js';
import { cpuBoundUser } from './cpu-bound-user.js';
import { cpuStarved } from './cpu-starved.js';
import { cpuThrottled } from './cpu-throttled.js';
import { dnsPerRequest } from './dns-per-request.js';
import { eventLoopBlocked } from './event-loop-blocked.js';
import { fsyncPerRequest } from './fsync-per-request.js';
import { fdExhausted } from './fd-exhausted.js';
import { gcPressure } from './gc-pressure.js';
import { healthy } from './healthy.js';
import { jitWarmup } from './jit-warmup.js';
import { loadClientSaturated } from './load-client-saturated.js';
import { loadNon2xx } from './load-non-2xx.js';
import { loadTimeouts } from './load-timeouts.js';
import { lockContention } from './lock-contention.js';
import { missingFileLookups } from './missing-file-lookups.js';
import { nagleDelayedAck } from './nagle-delayed-ack.js';
import { singleCoreBound } from './single-core-bound.js';
import { smallWrites } from './small-writes.js';
import { accessLogPerRequest } from './access-log-per-request.js';
import { processSpawnPerRequest } from './process-spawn-per-request.js';
import { pageFaults } from './page-faults.js';
import { busyPolling } from './busy-polling.js';
import { slowClock } from './slow-clock.js';
import { startupImportSearch } from './startup-import-search.js';
import { syncFsPerRequest } from './sync-fs-per-request.js';
import { threadpoolStarved } from './threadpool-starved.js';
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
  jitWarmup,
  cpuThrottled,
  cpuStarved,
  syncFsPerRequest,
  connectionChurn,
  slowClock,
  smallWrites,
  accessLogPerRequest,
  processSpawnPerRequest,
  pageFaults,
  busyPolling,
  workerPoolExhausted,
  blockedDownstream,
  lockContention,
  fsyncPerRequest,
  threadpoolStarved,
  dnsPerRequest,
  nagleDelayedAck,
  timerWait,
  acceptQueueOverflow,
  fdExhausted,
  singleCoreBound,
  startupImportSearch,
  healthy,
  unknown,
];
