import type { FactReader } from '../types.js';
import { cpuUseFact } from './cpu-use.js';
import { eventLoopFact } from './event-loop.js';
import { failedPathsFact } from './failed-paths.js';
import { gcFact } from './gc.js';
import { hotFunctionsFact } from './hot-functions.js';
import { ledgerFact } from './ledger.js';
import { limitsFact } from './limits.js';
import { overheadFact } from './overhead.js';
import { queueFact } from './queue.js';
import { requestTimeFact } from './request-time.js';
import { requestsFact } from './requests.js';
import { socketsFact } from './sockets.js';
import { syscallsFact } from './syscalls.js';
import { threadsFact } from './threads.js';
import { trendsFact } from './trends.js';

/** All facts that a report shows, computed or with the reason why not. */
export const reportFacts = (read: FactReader) => ({
  requests: read(requestsFact),
  requestTime: read(requestTimeFact),
  threads: read(threadsFact),
  ledger: read(ledgerFact),
  syscalls: read(syscallsFact),
  failedPaths: read(failedPathsFact),
  eventLoop: read(eventLoopFact),
  gc: read(gcFact),
  hotFunctions: read(hotFunctionsFact),
  sockets: read(socketsFact),
  queue: read(queueFact),
  limits: read(limitsFact),
  cpuUse: read(cpuUseFact),
  trends: read(trendsFact),
  overhead: read(overheadFact),
});
