import { Worker } from 'node:worker_threads';
import stringWidth from 'string-width';
import { openLive } from '../live/index.js';
import type { LiveAnswer, LiveAsk } from '../live/types.js';
import { bar, sparkline } from '../report/bars.js';
import { count, percent, perRequest, time } from '../report/numbers.js';
import { WINDOW_WORDS } from '../report/progress.js';
import { cutMiddle, safeText } from '../report/safe-text.js';
import type { RunUnderway } from '../run.js';
import type { Settings, WindowName } from '../types.js';
import { tellFailure } from './failures.js';
import type { Keeping } from './keep-run.js';
import type { Onlooker } from './onlooker.js';
import type { RawOptions } from './program.js';
import { renderOptionsFor } from './terminal-env.js';
import { note, type World } from './world.js';

export interface LiveInput { settings: Settings; raw: RawOptions; world: World; kept: Keeping }

/** What has come is read this often, ms. */
const PULSE_MS = 500;
/** At most one judgement in this time, ms; and never more than a twentieth of a core for them. */
const JUDGE_MS = 2000;
const JUDGE_COST_FACTOR = 20;
/** Its probes need this long to write what they saw, ms. */
const AFTER_WINDOW_MS = 600;

/** Opens the view on this terminal and feeds it. */
export function liveOnlooker({ settings, raw, world, kept }: LiveInput): Onlooker {
  const { color, unicode } = renderOptionsFor(world.stdout, world.env, raw.color !== false);
  const safe = (text: string): string => safeText(text, { unicode });
  const notes: string[] = [];
  let underway: RunUnderway | null = null;
  let worker: Worker | null = null;
  let pulseTimer: NodeJS.Timeout | undefined;
  let judgeTimer: NodeJS.Timeout | undefined;
  let ending = false;
  let closed = false;
  let window: WindowName | null = null;
  let judged = { atMs: 0, tookMs: 0 };
  const view = openLive({
    input: process.stdin, output: process.stdout, fd: process.stdout.fd, term: process.env['TERM'] ?? '', color, unicode,
    title: safe(settings.attach === null ? settings.command.join(' ') : `attached to ${settings.attach}`),
    figures: {
      count, percent, perRequest, dash: unicode ? '–' : '-',
      time: (ms) => time(ms, unicode),
      bar: (share, columns) => bar(share, columns, unicode),
      sparkline: (values, columns) => sparkline(values, columns, unicode),
      cut: (text, columns) => cutMiddle(text, columns, unicode),
      width: stringWidth,
    },
    onAct(act) {
      switch (act) {
        case 'quit': return quit();
        case 'profile': return profile();
        case 'save': return save();
      }
    },
  });

  /** As Ctrl-C does where there is no view: once for an early end, twice for one at once. */
  function quit(): string {
    process.kill(process.pid, 'SIGINT');
    ending = true;
    return 'stopping; the report of what was seen follows (q once more ends at once)';
  }

  function profile(): string {
    if (underway === null || ending) return 'no load yet, or no more: a profile needs one';
    switch (underway.profileNow()) {
      case 'asked': return 'a CPU profile comes next, in a window of its own; hot functions (3) shows it';
      case 'under-way': return 'a CPU profile is being taken right now';
      case 'all-along': return 'with --probes what was asked for is on all along: there is nothing to add';
      case 'none': return 'no CPU profile can be had now: no profiler works here, or not once more, or the load is over';
    }
  }

  function save(): string {
    try {
      const dir = kept.begin();
      return `the whole run will be kept in ${safe(dir)} when it is over`;
    } catch (error) {
      return `the run cannot be kept here (${(error as NodeJS.ErrnoException).code ?? 'error'}); start whyslow where you may write, or with -o`;
    }
  }

  /** A mistake of ours must not leave a terminal that nobody can use. */
  function crashed(error: unknown): void {
    view.close();
    process.exit(tellFailure(error, world, { verbose: raw.verbose ?? false, unicode }));
  }
  process.on('uncaughtException', crashed);

  function ask(type: LiveAsk['type']): void {
    if (underway !== null && worker !== null) worker.postMessage({ type, manifest: underway.manifest() } satisfies LiveAsk);
  }

  function heard(answer: LiveAnswer): void {
    switch (answer.type) {
      case 'pulse': return view.pulse(answer.pulse);
      case 'report':
        judged = { atMs: Date.now(), tookMs: answer.tookMs };
        view.report(answer.report);
        return judgeIn(JUDGE_MS);
      case 'failed':
        view.word(`could not be judged so far: ${safe(answer.why)}`);
        return judgeIn(JUDGE_MS * 2);
    }
  }

  function judgeIn(ms: number): void {
    clearTimeout(judgeTimer);
    judgeTimer = setTimeout(() => {
      judgeTimer = undefined;
      ask('judge');
    }, Math.max(ms, judged.atMs + judged.tookMs * JUDGE_COST_FACTOR - Date.now()));
  }

  return {
    show(progress) {
      view.progress(WINDOW_WORDS[progress.window], progress.secondsLeft);
      // What a window has seen is worth a look soon after it, unless one is under way.
      if (progress.window !== window && judgeTimer !== undefined) judgeIn(AFTER_WINDOW_MS);
      ({ window } = progress);
    },
    passing: view.word,
    tell(line) {
      view.word(line);
      notes.push(line);
      if (closed) tellNotes();
    },
    underway(run) {
      underway = run;
      worker = new Worker(new URL('../live-worker.js', import.meta.url), { workerData: { dir: run.dir, unicode } });
      worker.on('message', heard);
      worker.on('error', (error) => {
        worker = null;
        view.word(`the figures stand still, the run goes on: ${safe(error.message)}`);
      });
      worker.unref();
      pulseTimer = setInterval(ask, PULSE_MS, 'pulse');
      ask('judge');
    },
    close() {
      clearInterval(pulseTimer);
      clearTimeout(judgeTimer);
      void worker?.terminate();
      worker = null;
      view.close();
      process.off('uncaughtException', crashed);
      closed = true;
      tellNotes();
    },
  };

  function tellNotes(): void {
    for (const line of notes.splice(0)) if (raw.quiet !== true) note(world, line);
  }
}
