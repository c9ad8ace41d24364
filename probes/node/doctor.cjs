/*
 * What Clinic Doctor would have sampled in this process, for --second-opinion: every 10 ms how late the timer came, the
 * CPU of the process, its memory, its handles, and the loop's utilization since the process began. The same calls in the
 * same order as @clinic/doctor 11, collect/process-stat.js, so that its analysis gives what it would have given.
 *
 *   {"type":"doctor","samples":[[atNs,delayMs,cpu,rss,heapTotal,heapUsed,external,handles,loopUtilization],...]}
 *
 * Only while asked for. Rules: those of preload.cjs.
 */
'use strict';

/** @clinic/doctor's own default. */
const INTERVAL_MS = 10;

module.exports = function createDoctor({ mono, performance }) {
  // Kept from load time: the target may mock timers later.
  const { setTimeout, clearTimeout } = globalThis;
  const cpuUsage = process.cpuUsage.bind(process);
  const memoryUsage = process.memoryUsage.bind(process);
  const handles = process._getActiveHandles && process._getActiveHandles.bind(process);
  const elu = performance.eventLoopUtilization && performance.eventLoopUtilization.bind(performance);
  let timer = null;
  let samples = [];
  let lastNs = 0;
  let lastCpu = null;

  function refresh() {
    lastNs = mono();
    lastCpu = cpuUsage();
  }

  function sample() {
    const now = mono();
    const elapsedMs = (now - lastNs) / 1e6;
    const { user, system } = cpuUsage(lastCpu);
    const { rss, heapTotal, heapUsed, external } = memoryUsage();
    samples.push([
      now, round(Math.max(0, elapsedMs - INTERVAL_MS)), round((user + system) / 1000 / elapsedMs),
      rss, heapTotal, heapUsed, external, handles ? handles().length : 0, elu ? Math.trunc(elu().utilization * 100) : null,
    ]);
  }

  function schedule() {
    timer = setTimeout(() => {
      try {
        sample();
        refresh();
        schedule();
      } catch (_) {
        timer = null;
      }
    }, INTERVAL_MS);
    timer.unref();
  }

  return {
    /** Begins or ends, as asked. */
    set(on) {
      if (on && timer === null) {
        refresh();
        schedule();
      } else if (!on && timer !== null) {
        clearTimeout(timer);
        timer = null;
      }
    },
    /** The samples since the last call. */
    take() {
      const taken = samples;
      samples = [];
      return taken;
    },
  };
};

const round = (value) => Math.round(value * 1e4) / 1e4;
