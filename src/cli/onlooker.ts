import type { Progress, RunUnderway } from '../run.js';
import { progressOut } from './progress-line.js';
import { note, type World } from './world.js';

/** What shows a person how a run goes: a line of progress, or the live view. */
export interface Onlooker {
  show(progress: Progress): void;
  /** Of interest now, and not later. */
  passing(line: string): void;
  /** To be read, now or when the view is gone. Safe text. */
  tell(line: string): void;
  underway?(run: RunUnderway): void;
  /** Makes room for the report; safe to call twice. */
  close(): void;
}

export function lineOnlooker(world: World, quiet: boolean): Onlooker {
  const progress = progressOut(world.stderr, quiet);
  const tell = (line: string): void => {
    if (quiet) return;
    progress.clear();
    note(world, line);
  };
  return { show: progress.show, passing: tell, tell, close: progress.clear };
}
