import { cpuUseFact } from '../../facts/cpu-use.js';
import { eventLoopFact } from '../../facts/event-loop.js';
import { failedPathsFact } from '../../facts/failed-paths.js';
import { gcFact } from '../../facts/gc.js';
import { hotFunctionsFact } from '../../facts/hot-functions.js';
import { ledgerFact } from '../../facts/ledger.js';
import { outboundFact } from '../../facts/outbound.js';
import { limitsFact } from '../../facts/limits.js';
import { queueFact } from '../../facts/queue.js';
import { requestsFact } from '../../facts/requests.js';
import { socketsFact } from '../../facts/sockets.js';
import { syscallsFact } from '../../facts/syscalls.js';
import { threadsFact } from '../../facts/threads.js';
import type { Fact } from '../../types.js';

/** What rules judge by, in a person's words. */
export const FACT_LABELS: { fact: Fact<unknown>; label: string }[] = [
  { fact: requestsFact, label: 'requests and latency' },
  { fact: threadsFact, label: 'CPU and waits of the serving threads' },
  { fact: ledgerFact, label: "where the threads' time goes" },
  { fact: syscallsFact, label: 'system calls' },
  { fact: failedPathsFact, label: 'failing path lookups' },
  { fact: eventLoopFact, label: 'ticks of the event loop' },
  { fact: gcFact, label: 'garbage collection' },
  { fact: hotFunctionsFact, label: 'hot functions' },
  { fact: socketsFact, label: 'requests at the server\'s sockets' },
  { fact: outboundFact, label: 'calls to other servers' },
  { fact: queueFact, label: 'connections before they are accepted' },
  { fact: limitsFact, label: 'CPU quota and open files' },
  { fact: cpuUseFact, label: 'who else uses the CPU' },
];
