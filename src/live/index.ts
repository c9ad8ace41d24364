import type { ReadStream, WriteStream } from 'node:tty';
import type { Report } from '../types.js';
import { draw } from './draw.js';
import { guardTerminal } from './guard.js';
import { press, type Act } from './keys.js';
import { openScreen } from './screen.js';
import { initialState, withProgress, withPulse, withReport, withWord } from './state.js';
import type { Figures, LiveState, Pulse } from './types.js';

export interface LiveInput {
  input: ReadStream;
  output: WriteStream;
  /** Of the output. */
  fd: number;
  term: string;
  color: boolean;
  unicode: boolean;
  title: string;
  figures: Figures;
  /** What the user wants of the run; the answer is shown. */
  onAct(act: Exclude<Act, 'redraw'>): string;
}

/** The view. All texts that it is given are safe already. */
export interface LiveView {
  progress(doing: string, secondsLeft: number): void;
  pulse(pulse: Pulse): void;
  report(report: Report): void;
  word(text: string): void;
  /** Gives the terminal back; safe to call twice. */
  close(): void;
}

/** At most four pictures a second. */
const LEAST_BETWEEN_MS = 250;
/** A word of ours makes room for the keys again after this. */
const WORD_MS = 6000;

export function openLive({ title, figures, onAct, fd, ...terminal }: LiveInput): LiveView {
  let state: LiveState = initialState(title);
  let drawnMs = 0;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  let wordTimer: NodeJS.Timeout | undefined;
  const givenBack = guardTerminal(fd);
  process.on('exit', givenBack);
  const screen = openScreen({
    ...terminal,
    onResize: () => change(state),
    onKey(key) {
      const { state: next, act } = press(state, key);
      change(next);
      if (act === 'redraw') screen.redraw();
      else if (act) say(onAct(act));
    },
  });

  const paint = (): void => {
    timer = null;
    drawnMs = Date.now();
    screen.show(draw(state, screen.size(), figures));
  };
  function change(next: LiveState): void {
    state = next;
    if (closed) return;
    timer ??= setTimeout(paint, Math.max(0, drawnMs + LEAST_BETWEEN_MS - Date.now()));
  }
  function say(text: string): void {
    clearTimeout(wordTimer);
    change(withWord(state, text));
    wordTimer = setTimeout(() => change(withWord(state, '')), WORD_MS);
    wordTimer.unref();
  }
  change(state);

  return {
    progress: (doing, secondsLeft) => change(withProgress(state, doing, secondsLeft)),
    pulse: (pulse) => change(withPulse(state, pulse)),
    report: (report) => change(withReport(state, report)),
    word: say,
    close() {
      closed = true;
      if (timer) clearTimeout(timer);
      clearTimeout(wordTimer);
      screen.close();
      givenBack();
      process.off('exit', givenBack);
    },
  };
}
