/*
 * The V8 CPU profiler on demand, through an inspector session inside the process: no port is opened.
 * control.json says {"profile":{"id":1,"fromNs":...,"toNs":...,"tids":[9100],"intervalUs":1000}}; no tids = every thread.
 * `toNs` is a lease that whyslow renews: when whyslow is killed the profile ends by itself.
 *
 *   pilot ..... started ====== sampling ====== stopped . . . . written      the stop holds the thread (V8 builds the tree);
 *   250 ms      kept from inlining, if need be           < 2 ms a turn      the writing is spread over the loop's turns
 *
 * DIR/cpuprofile.<pid>.<tid>.json is an ordinary .cpuprofile with one more key, `whyslow`: the clock readings around
 * Profiler.start, by which its microseconds are placed on CLOCK_MONOTONIC.
 */
'use strict';

/*
 * V8 gives a sample inside an inlined function to the function that it was inlined into (with a line of the inlined
 * one: the time of `turn` at line 5 of another file). Binary precise coverage without a report taken keeps V8 from
 * inlining, and its start drops what is compiled so far. That costs a server made of many small functions half its
 * speed and is felt for two seconds; one with a hot function loses next to nothing. So a short plain profile comes
 * first: only where one function stands out is it worth knowing which one it really is.
 */
const NO_INLINING = { callCount: false, detailed: false };
const PILOT_NS = 250e6;
const STANDS_OUT_SHARE = 0.1;
/** Each start of coverage walks the heap: about as long as the profiler's own start. Above this it is not worth the pause. */
const MAX_HEAP_NO_INLINING = 150 * 1024 * 1024;

const WRITE_BUDGET_NS = 1e6;
const NODES_A_CHUNK = 100;
const NUMBERS_A_CHUNK = 2000;

const { standingOutShare } = require('./readings.cjs');

module.exports = function createProfiler({ dir, pid, preload, mono, report }) {
  const fs = require('fs');
  const path = require('path');
  const { openSync, writeSync, closeSync, renameSync } = fs;
  const { getHeapStatistics } = require('v8');

  // The isolate has one coverage mode: a target that measures its own keeps it.
  const ownCoverage = Boolean(process.env.NODE_V8_COVERAGE);
  let inlining = true;
  /** Not 0: the pilot runs. */
  let pilotUntilNs = 0;
  let session = null;
  let clock = null;
  /** The order that runs, and the last one taken up: each is taken up once. */
  let current = null;
  let doneId = 0;
  let writer = null;

  const say = (event, id, more) => report(Object.assign({ type: 'profile', event, id, atNs: mono() }, more));

  /** Synchronous: an in-process session answers before `post` returns. What its callback throws would warn the target. */
  function post(method, params) {
    let refused = null;
    let answer;
    session.post(method, params, (error, result) => {
      refused = error;
      answer = result;
    });
    if (refused) throw refused;
    return answer;
  }

  function begin(order, now) {
    doneId = order.id;
    attempt(order.id, () => {
      // Loaded only now: a Node built without it lacks the module.
      const { Session } = require('inspector');
      session = new Session();
      session.connect();
      post('Profiler.enable');
      post('Profiler.setSamplingInterval', { interval: order.intervalUs || 1000 });
      current = order;
      inlining = true;
      const mayStopInlining = !ownCoverage && getHeapStatistics().used_heap_size < MAX_HEAP_NO_INLINING;
      pilotUntilNs = mayStopInlining ? now + PILOT_NS : 0;
      if (mayStopInlining) post('Profiler.start');
      else beginMain();
    });
  }

  function endPilot() {
    pilotUntilNs = 0;
    attempt(current.id, () => {
      inlining = standingOutShare(post('Profiler.stop').profile, path.dirname(preload)) < STANDS_OUT_SHARE;
      beginMain();
    });
  }

  function beginMain() {
    const beforeNs = mono();
    post('Profiler.start');
    clock = { beforeNs, afterNs: mono() };
    if (!inlining) post('Profiler.startPreciseCoverage', NO_INLINING);
    say('started', current.id, { heldNs: mono() - beforeNs });
  }

  function attempt(id, step) {
    try {
      step();
    } catch (error) {
      release();
      say('failed', id, { reason: String(error && error.message) });
    }
  }

  function end(tid) {
    const startNs = mono();
    const { id } = current;
    attempt(id, () => {
      const { profile } = post('Profiler.stop');
      if (!inlining) restoreInlining();
      say('stopped', id, { heldNs: mono() - startNs });
      // Ended within the pilot: nothing that anyone waits for.
      if (clock) writer = createWriter(profile, id, tid);
    });
    release();
  }

  /** Code that was compiled meanwhile is slower for good, unless it is thrown away: every start of coverage does that. */
  function restoreInlining() {
    post('Profiler.stopPreciseCoverage');
    post('Profiler.startPreciseCoverage', NO_INLINING);
    post('Profiler.stopPreciseCoverage');
  }

  function release() {
    current = null;
    pilotUntilNs = 0;
    clock = null;
    try {
      if (session) session.disconnect();
    } catch (_) { /* it is gone already */ }
    session = null;
  }

  /** Serialises piece by piece; the finished file appears under its name at once. */
  function createWriter(profile, id, tid) {
    const file = path.join(dir, `cpuprofile.${pid}.${tid}.json`);
    const fd = openSync(`${file}.tmp`, 'w', 0o644);
    const head = Object.assign({ pid, tid, preload, inlining }, clock);
    const pieces = jsonPieces(head, profile);
    let bytes = 0;
    return {
      /** False when all is written. */
      step(budgetNs) {
        const untilNs = mono() + budgetNs;
        do {
          const { value, done } = pieces.next();
          if (done) {
            closeSync(fd);
            renameSync(`${file}.tmp`, file);
            say('written', id, { bytes });
            return false;
          }
          bytes += writeSync(fd, value);
        } while (mono() < untilNs);
        return true;
      },
    };
  }

  function write(budgetNs) {
    try {
      if (!writer.step(budgetNs)) writer = null;
    } catch (error) {
      writer = null;
      say('failed', doneId, { reason: String(error && error.message) });
    }
  }

  return {
    active: () => current !== null,

    /** Called on each turn of the probe's timer; says what it did: '' | profile-start | profile | profile-stop | profile-write. */
    tick(now, order, tid) {
      if (current) {
        const same = order && order.id === current.id;
        if (!same || now >= order.toNs) {
          end(tid);
          return 'profile-stop';
        }
        if (pilotUntilNs === 0 || now < pilotUntilNs) return 'profile';
        endPilot();
        return 'profile-start';
      }
      if (writer) {
        write(WRITE_BUDGET_NS);
        return 'profile-write';
      }
      if (!order || order.id === doneId || now < order.fromNs || now >= order.toNs) return '';
      if (order.tids && order.tids.length > 0 && !order.tids.includes(tid)) return '';
      begin(order, now);
      return 'profile-start';
    },

    /** The probe leaves: what runs is stopped and kept. */
    abort(tid) {
      if (current) end(tid);
      if (writer) write(Infinity);
    },
  };
};

function* jsonPieces(head, profile) {
  yield `{"whyslow":${JSON.stringify(head)},"startTime":${profile.startTime},"endTime":${profile.endTime},"nodes":[`;
  yield* listPieces(profile.nodes, NODES_A_CHUNK);
  yield '],"samples":[';
  yield* listPieces(profile.samples || [], NUMBERS_A_CHUNK);
  yield '],"timeDeltas":[';
  yield* listPieces(profile.timeDeltas || [], NUMBERS_A_CHUNK);
  yield ']}\n';
}

function* listPieces(list, size) {
  for (let i = 0; i < list.length; i += size) {
    yield (i > 0 ? ',' : '') + JSON.stringify(list.slice(i, i + size)).slice(1, -1);
  }
}
