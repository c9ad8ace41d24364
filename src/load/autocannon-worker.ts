/**
 * The process that autocannon runs in: takes its job over IPC, sends back slices, ends on SIGTERM, and dies with its parent.
 */
import autocannon from 'autocannon';
import { takeOver, type AutocannonClient, type ClientJob } from './autocannon-client.js';
import type { WorkerJob, WorkerMessage } from './autocannon.js';
import { nowNs } from './load-file.js';
import { CUT, slicer } from './slicer.js';
import { tally } from './tally.js';

/** Requests under way when the load ends get this long to be answered, ms. */
const DRAIN_MS = 500;

/** Of a warm-up before counted requests, the end that is kept for draining: these requests must not mix, s. */
const WARMUP_DRAIN_S = 0.2;

/** autocannon looks this often whether it is over, ms. */
const POLL_MS = 20;

/** autocannon's own histograms cost time and are not used. */
const NO_HISTOGRAM = { __custom: true, recordValue() {}, recordValueWithExpectedInterval() {}, destroy() {} };

process.on('disconnect', () => process.exit(1));
process.once('message', (job: WorkerJob) => { void work(job); });

async function work(job: WorkerJob): Promise<void> {
  const counted = tally(nowNs());
  let current: Round | null = null;
  let stopped = false;
  process.on('SIGTERM', () => {
    stopped = true;
    current?.end();
  });
  const slice = (endNs: number) => send({ type: 'slice', slice: counted.cut(endNs) });
  const slices = slicer(nowNs(), slice);
  process.on('message', (message) => { if (message === CUT) slices.cut(); });
  const run = async (connections: number, amount: number | null, seconds: number | null) => {
    if (stopped) return;
    current = round(job, counted, connections, amount);
    const timer = seconds === null ? undefined : setTimeout(current.end, seconds * 1000);
    await current.done;
    clearTimeout(timer);
  };

  send({ type: 'started' });
  if (job.amount === null) {
    await run(job.connections, null, job.warmupS + job.durationS);
  } else {
    const beginNs = nowNs();
    if (job.warmupS > 0) await run(job.connections, null, Math.max(job.warmupS - WARMUP_DRAIN_S, job.warmupS / 2));
    await sleep(Math.max(0, job.warmupS * 1000 - (nowNs() - beginNs) / 1e6));
    // One instant: a full machine may let us wait between two.
    const startNs = nowNs();
    slice(startNs);
    send({ type: 'counted', startNs });
    await run(Math.min(job.connections, job.amount), job.amount, null);
  }
  slices.end();
  process.removeAllListeners('disconnect');
  process.disconnect();
}

interface Round { done: PromiseLike<unknown>; end(): void }

/** One run of autocannon, until end() or its amount is spent. */
function round(job: WorkerJob, counted: ClientJob['tally'], connections: number, amount: number | null): Round {
  const clients: AutocannonClient[] = [];
  let draining = false;
  const setupClient = (client: AutocannonClient) => {
    takeOver(client, {
      request: Buffer.from(job.request, 'base64'), keepAlive: job.keepAlive, head: job.head, timeoutMs: job.timeoutS * 1000,
      tally: counted, draining: () => draining, waitMs: pace(job.rate, connections, clients.length),
    });
    clients.push(client);
  };
  const options = {
    url: job.url, connections, ...(amount === null ? {} : { amount }), duration: 1e6, sampleInt: POLL_MS,
    setupClient, histograms: { latencies: NO_HISTOGRAM, requests: NO_HISTOGRAM, throughput: NO_HISTOGRAM }, skipAggregateResult: true,
  };
  const instance = autocannon(options as unknown as autocannon.Options) as unknown as PromiseLike<unknown> & { stop(): void };
  return {
    done: instance,
    end() {
      if (draining) return;
      draining = true;
      for (const client of clients) if (client.pipelinedRequests.size() === 0) client.destroy();
      setTimeout(() => instance.stop(), DRAIN_MS).unref();
    },
  };
}

/** Spreads a rate evenly: connection i of n asks at i/rate, (i+n)/rate, ... seconds; late ones at once. */
function pace(rate: number | null, connections: number, index: number): () => number {
  if (rate === null) return () => 0;
  const beginNs = nowNs();
  let asked = index;
  return () => {
    const dueNs = beginNs + (asked / rate) * 1e9;
    asked += connections;
    return (dueNs - nowNs()) / 1e6;
  };
}

function send(message: WorkerMessage): void {
  if (process.connected) process.send?.(message);
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
