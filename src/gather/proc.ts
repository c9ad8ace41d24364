import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Artifact, Availability } from '../types.js';
import { monotonicNs } from './clock.js';
import type { PreparedProbe, Probe, ProbeContext } from './probe.js';
import { establishedByPid } from './proc-established.js';
import { fdCalls, futexCall } from './proc-fd-calls.js';
import { limitsReader } from './proc-limits.js';
import { machine } from './proc-machine.js';
import { names } from './proc-names.js';
import { otherTable } from './proc-others.js';
import { pollCalls } from './proc-poll.js';
import { processTable, withChildren } from './proc-processes.js';
import { sampler } from './proc-samples.js';
import { threadTable } from './proc-threads.js';

const FILE = 'proc.ndjson';

/** Looks at where threads stand, 100 Hz. */
const TICK_NS = 10e6;

/** A thread that runs all the time waits for nothing, and is who a look costs most: after so many such looks, every fourth is enough. */
const RUNNING_LOOKS = 10;
const SELDOM = 4;

/** Counters are read four times a second. */
const SLICE_NS = 250e6;

/**
 * What is dear (fds, sockets, limits, everybody else's CPU; names) once a second, and no more than a fiftieth of the time; but
 * every three seconds, for on a full machine it takes long only because it waits for a CPU, and a short load must not go without.
 */
const DEAR_NS = 1e9;
const DEAR_AT_LEAST_EVERY_NS = 3e9;
const DEAR_COST_FACTOR = 50;

/**
 * /proc, from the first moment to the last: counters of every thread and process as slices, and where threads stand.
 * Format: src/parse/proc-ndjson.ts. Cost: probes/README.md.
 */
export const procProbe: Probe = {
  id: 'proc',
  weight: 'light',
  windows: ['all'],
  check,
  prepare: async (ctx) => prepareProc(ctx),
};

async function check(): Promise<Availability> {
  try {
    readFileSync('/proc/self/stat');
    return { ok: true };
  } catch {
    return { ok: false, reason: '/proc is not mounted', enable: 'mount -t proc proc /proc' };
  }
}

function prepareProc(ctx: ProbeContext): PreparedProbe {
  const threads = threadTable();
  const processes = processTable();
  const host = machine(ctx.rootPid);
  const named = names();
  const samples = sampler({ fd: fdCalls(ctx.host.arch), futex: futexCall(ctx.host.arch), polls: pollCalls(ctx.host.arch) }, named.hurry);
  const limits = limitsReader();
  const others = otherTable();
  let fd = -1;
  let timer: NodeJS.Timeout | undefined;
  let lastTickNs = 0;
  let nextSliceNs = 0;
  let nextDearNs = 0;
  let nextNamesNs = 0;
  let lastPort: number | null = null;
  let ticks = 0;
  let lateSumNs = 0;
  let lateMaxNs = 0;
  let busyNs = 0;
  let runningLooks = 0;

  const lookEvery = (ns: number): void => {
    clearInterval(timer);
    timer = setInterval(guardedTick, ns / 1e6);
    timer.unref();
  };

  const write = (record: object): void => void writeSync(fd, `${JSON.stringify(record)}\n`);

  const slice = (nowNs: number): void => {
    const pids = ctx.pids();
    const generator = withChildren(ctx.generatorPids());
    const { port } = ctx;
    const dear = nowNs >= nextDearNs || port !== lastPort;
    lastPort = port;
    const { moved, gone } = threads.read(pids, generator);
    const { lively, quiet } = threads.asked();
    samples.follow(lively, quiet);
    const { samples: stood, links, addresses } = samples.take();
    named.remember(links, addresses);
    const record = {
      type: 'slice', tNs: nowNs, cpu: host.cpu(), net: host.net(), cgroups: limits.cgroups(pids), threads: moved, gone, samples: stood,
      ...(Object.keys(links).length === 0 ? {} : { links }),
    };
    const dearFromNs = monotonicNs();
    const rows = processes.read(pids, generator, dear);
    const established = dear && port !== null ? { established: establishedByPid(pids, port) } : {};
    const slow = dear ? { nofile: limits.nofile(pids), others: others(new Set([...pids, ...generator])) } : {};
    const dearToNs = monotonicNs();
    if (dear) nextDearNs = nowNs + nextDear(dearToNs - dearFromNs);
    const naming = dearToNs >= nextNamesNs;
    const found = naming ? named.find(pids[0] ?? ctx.rootPid) : {};
    const endNs = monotonicNs();
    if (naming) nextNamesNs = dearToNs + nextDear(endNs - dearToNs);
    const unseen = threads.unseen();
    write({
      ...record, processes: rows, ...established, ...found, ...slow,
      ...(unseen === 0 ? {} : { threadsUnseen: unseen }),
      self: { ticks, lateMaxNs, lateSumNs, busyNs: busyNs + endNs - nowNs, cpuUs: cpuUs() },
    });
    ticks = 0;
    lateSumNs = 0;
    lateMaxNs = 0;
    busyNs = 0;
  };

  let failure: unknown = null;
  const guardedTick = (): void => {
    try {
      tick();
    } catch (error) {
      // A full disk: what was written stays, and stop() says why there is no more.
      failure = error;
      clearInterval(timer);
    }
  };

  const tick = (): void => {
    const nowNs = monotonicNs();
    const weight = runningLooks >= RUNNING_LOOKS ? SELDOM : 1;
    const lateNs = Math.max(0, nowNs - lastTickNs - weight * TICK_NS);
    lastTickNs = nowNs;
    ticks++;
    lateSumNs += lateNs;
    lateMaxNs = Math.max(lateMaxNs, lateNs);
    runningLooks = samples.tick(weight) ? runningLooks + 1 : 0;
    const seldom = runningLooks >= RUNNING_LOOKS;
    if (seldom !== weight > 1) lookEvery(seldom ? SELDOM * TICK_NS : TICK_NS);
    busyNs += monotonicNs() - nowNs;
    if (nowNs < nextSliceNs) return;
    nextSliceNs = Math.max(nextSliceNs + SLICE_NS, nowNs + SLICE_NS / 2);
    slice(monotonicNs());
  };

  const stop = async (): Promise<Artifact[]> => {
    clearInterval(timer);
    const started = fd >= 0;
    try {
      if (failure !== null) throw failure;
      if (started) slice(monotonicNs());
    } finally {
      if (started) closeSync(fd);
      for (const part of [threads, processes, host, limits]) part.close();
    }
    return started ? [{ probe: 'proc', window: 'all', file: FILE }] : [];
  };

  let stopped: Promise<Artifact[]> | undefined;
  return {
    start: async () => {
      fd = openSync(join(ctx.dir, FILE), 'w');
      const { arch, cpus, clockTicksHz, pageBytes } = ctx.host;
      const startNs = monotonicNs();
      write({ type: 'header', version: 1, tNs: startNs, arch, cpus, clockTicksHz, pageBytes, tickNs: TICK_NS });
      lastTickNs = startNs;
      nextSliceNs = startNs + SLICE_NS;
      slice(startNs);
      lookEvery(TICK_NS);
    },
    stop: () => (stopped ??= stop()),
  };
}

const nextDear = (costNs: number): number => Math.min(DEAR_AT_LEAST_EVERY_NS, Math.max(DEAR_NS, DEAR_COST_FACTOR * costNs));

/** CPU time of whyslow itself, all its threads. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
