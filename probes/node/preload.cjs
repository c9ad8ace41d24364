/*
 * whyslow's eyes inside Node. Loaded with NODE_OPTIONS='--require "/abs/preload.cjs"', WHYSLOW_NODE_DIR=DIR, into every
 * Node process and worker thread of the target. Writes DIR/node.<pid>.<tid>.ndjson (tid: the kernel's thread id), and,
 * when DIR/control.json asks for it, DIR/cpuprofile.<pid>.<tid>.json (see profile.cjs). All times: CLOCK_MONOTONIC, ns.
 *
 *   {"type":"meta","pid":9100,"tid":9100,"ppid":9090,"node":"v20.20.2",...,"periodMs":5,"sliceMs":250}
 *   {"type":"slice","startNs":...,"endNs":...,"elu":0.93,"delayNs":{"mean":...,"p99":...},"lateMs":{"0":24,"1":1},"heapUsed":...}
 *   {"type":"gc","pauses":[[1,2091795218530,932612,0]]}                     kind, start, length, flags
 *   {"type":"delay","afterNs":...,"endNs":...,"idleNs":9100000}             the loop did not turn for 20 ms or more
 *   {"type":"own","startNs":...,"endNs":...,"what":"profile-stop"}          we held the thread ourselves
 *   {"type":"profile","event":"started","id":1,"atNs":...}                  started | stopped | written | failed
 *   {"type":"doctor","samples":[...]}                                       for --second-opinion: see doctor.cjs
 *   {"type":"end","atNs":...,"reason":"asked"}
 *
 *        due      due       due                       one unref'd timer; what it finds late, the loop was held:
 *   |----+----|---+----|----+.....stall.......|       afterNs = last time seen turning, endNs = turning again,
 *                      afterNs              endNs     the stall began somewhere in the first 5 ms
 *
 * Rules of this file: syntax that Node 10 reads; no listener, no handle that keeps a process alive, nothing global;
 * functions taken at load time, since a target may mock timers, fs or the clock later; nothing ever thrown at the target.
 */
'use strict';

/** Half of it is how well the start of a stall is known. */
const PERIOD_MS = 5;
/** monitorEventLoopDelay's own timer; what it reports holds this as well. */
const HISTOGRAM_MS = 10;
const PERIOD_NS = PERIOD_MS * 1e6;
const SLICE_NS = 250e6;
const POLL_NS = 250e6;
const POLL_PROFILING_NS = 50e6;
const LONG_DELAY_NS = 20e6;
/** What costs more than a read of a register is done once a second. */
const SLOW_EVERY_SLICES = 4;
const OWN_WORTH_NOTING_NS = 1e6;
/** A watch left behind must not fill a disk. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

try {
  start(process.env.WHYSLOW_NODE_DIR);
} catch (_) {
  // A probe that fails must not be seen by the target; whyslow notices the missing file.
}

function start(dir) {
  if (!dir) return;
  const fs = require('fs');
  const path = require('path');
  const v8 = require('v8');
  const { performance, monitorEventLoopDelay, PerformanceObserver } = require('perf_hooks');
  const { isMainThread, threadId } = require('worker_threads');
  const createProfiler = require('./profile.cjs');
  const { performanceOrigin, delayOf, allocatedBetweenGcs, countByName } = require('./readings.cjs');
  const createDoctor = require('./doctor.cjs');
  for (const file of ['preload.cjs', 'profile.cjs', 'readings.cjs', 'doctor.cjs']) delete require.cache[path.join(__dirname, file)];

  const { openSync, writeSync, closeSync, statSync, readFileSync, readlinkSync } = fs;
  const { hrtime, pid } = process;
  const mono = hrtime.bigint ? () => Number(hrtime.bigint()) : () => { const [s, ns] = hrtime(); return s * 1e9 + ns; };
  const elu = performance.eventLoopUtilization && performance.eventLoopUtilization.bind(performance);
  const nodeTiming = performance.nodeTiming;
  const resources = process.getActiveResourcesInfo && process.getActiveResourcesInfo.bind(process);
  const memoryUsage = process.memoryUsage.bind(process);
  const { getHeapStatistics } = v8;
  const { clearInterval } = globalThis;

  const control = path.join(dir, 'control.json');
  const originNs = performanceOrigin(mono, performance);
  const histogram = monitorEventLoopDelay({ resolution: HISTOGRAM_MS });
  const gcs = [];
  const observer = new PerformanceObserver((list) => {
    for (const e of list.getEntries()) {
      const { kind, flags } = e.detail || e;
      gcs.push([kind, Math.round(originNs + e.startTime * 1e6), Math.round(e.duration * 1e6), flags || 0]);
    }
  });

  let fd = null;
  let tid = null;
  let written = 0;
  let lines = [];
  let order = {};
  let controlMark = '';
  let lastPollNs = 0;
  let sliceStartNs = 0;
  let slices = 0;
  let ended = false;
  let urgent = false;
  let lastNs = 0;
  let lastIdleMs = 0;
  let lastElu = null;
  let profiledInSlice = false;
  let lateMs = {};
  let heapSamples = [];

  const emit = (record) => lines.push(JSON.stringify(record));

  /** The kernel's id of this thread; of the main thread it is the pid. */
  const kernelTid = () => (isMainThread ? pid : Number(readlinkSync('/proc/thread-self').split('/').pop()));

  const flush = () => {
    if (lines.length === 0) return;
    if (fd === null) fd = openSync(path.join(dir, `node.${pid}.${tid}.ndjson`), 'a', 0o644);
    const text = lines.join('\n') + '\n';
    lines = [];
    written += writeSync(fd, text);
    if (written > MAX_FILE_BYTES) finish('file too large');
  };

  /** whyslow waits for these lines. */
  const report = (record) => {
    emit(record);
    urgent = true;
  };
  const doctor = createDoctor({ mono, performance });
  const profiler = createProfiler({ dir, pid, preload: __filename, mono, report });

  function finish(reason) {
    if (ended) return;
    ended = true;
    clearInterval(timer);
    try { histogram.disable(); } catch (_) { /* gone */ }
    try { observer.disconnect(); } catch (_) { /* gone */ }
    try {
      profiler.abort(tid);
      doctor.set(false);
      emit({ type: 'end', atNs: mono(), reason });
      flush();
    } catch (_) { /* nowhere to write */ }
    try { if (fd !== null) closeSync(fd); } catch (_) { /* gone */ }
  }

  /** whyslow speaks through one small file, replaced whole. Its lease runs out when whyslow is no more. */
  function poll(now) {
    lastPollNs = now;
    let stat;
    try {
      stat = statSync(control);
    } catch (_) {
      return finish('control file gone');
    }
    const mark = `${stat.ino}.${stat.mtimeMs}`;
    if (mark !== controlMark) {
      controlMark = mark;
      try {
        order = JSON.parse(readFileSync(control, 'utf8')) || {};
      } catch (_) { /* the next one will do */ }
    }
    doctor.set(order.doctor === true && !order.stop);
    if (order.stop) finish('asked');
    else if (order.aliveUntilNs && now > order.aliveUntilNs) finish('lease ended');
  }

  function slice(now) {
    const heap = getHeapStatistics();
    const record = { type: 'slice', startNs: sliceStartNs, endNs: now, elu: null, delayNs: delayOf(histogram), lateMs };
    if (elu) {
      const current = elu();
      // While the profiler's signal interrupts the event wait, idle time is lost and an idle server reads as busy.
      if (lastElu && lastElu.active + lastElu.idle > 0 && !profiledInSlice) record.elu = Math.round(elu(current, lastElu).utilization * 1e4) / 1e4;
      lastElu = current;
    }
    record.heapUsed = heap.used_heap_size;
    record.heapTotal = heap.total_heap_size;
    record.external = heap.external_memory;
    record.allocated = allocatedBetweenGcs(heapSamples, gcs);
    if (slices % SLOW_EVERY_SLICES === 0) {
      record.rss = memoryUsage().rss;
      if (resources) record.resources = countByName(resources());
      if (nodeTiming.uvMetricsInfo) record.uv = nodeTiming.uvMetricsInfo;
    }
    emit(record);
    if (gcs.length > 0) emit({ type: 'gc', pauses: gcs.splice(0) });
    const doctored = doctor.take();
    if (doctored.length > 0) emit({ type: 'doctor', samples: doctored });
    histogram.reset();
    lateMs = {};
    heapSamples = heapSamples.slice(-2);
    profiledInSlice = profiler.active();
    sliceStartNs = now;
    slices += 1;
    flush();
  }

  function tick() {
    const now = mono();
    if (tid === null) begin(now);
    if (ended) return;
    const idleMs = nodeTiming.idleTime || 0;
    const lateNs = now - lastNs - PERIOD_NS;
    const bucket = Math.max(0, Math.floor(lateNs / 1e6));
    lateMs[bucket] = (lateMs[bucket] || 0) + 1;
    if (lateNs >= LONG_DELAY_NS) {
      // No idle time while a profile runs: see slice().
      emit({ type: 'delay', afterNs: lastNs, endNs: now, idleNs: profiler.active() ? null : Math.round((idleMs - lastIdleMs) * 1e6) });
    }
    lastIdleMs = idleMs;
    heapSamples.push(now, getHeapStatistics().used_heap_size);
    if (now - lastPollNs >= (profiler.active() ? POLL_PROFILING_NS : POLL_NS)) poll(now);
    if (ended) return;
    const did = profiler.tick(now, order.profile, tid);
    if (did !== '') profiledInSlice = true;
    if (now - sliceStartNs >= SLICE_NS) slice(now);
    else if (urgent) flush();
    urgent = false;
    lastNs = mono();
    if (lastNs - now >= OWN_WORTH_NOTING_NS) emit({ type: 'own', startNs: now, endNs: lastNs, what: did || 'slice' });
  }

  /** The first turn of the loop: a process that ends before it leaves no file. */
  function begin(now) {
    tid = kernelTid();
    sliceStartNs = lastNs = now;
    if (elu) lastElu = elu();
    emit({
      type: 'meta', pid, tid, ppid: process.ppid, node: process.version, v8: process.versions.v8, isMainThread, threadId,
      execArgv: process.execArgv, script: process.argv[1] || null, atNs: now, wallMs: Date.now(),
      originNs: Math.round(originNs), periodMs: PERIOD_MS, sliceMs: SLICE_NS / 1e6,
    });
    poll(now);
  }

  const timer = setInterval(() => {
    try {
      tick();
    } catch (_) {
      finish('failed');
    }
  }, PERIOD_MS);
  timer.unref();
  observer.observe({ entryTypes: ['gc'] });
  histogram.enable();
}
