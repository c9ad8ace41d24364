import { cpSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/** Whether and where a run is kept; its user may decide while it goes on. */
export interface Keeping {
  /** As one would give it to `whyslow report`; null: it is not kept. */
  dir(): string | null;
  /** From now on it is; makes the folder at once, for a place that cannot be written must be told while that can be mended. Returns it. */
  begin(): string;
  /** Puts the run that is over there. */
  take(runDir: string): void;
  /** There was no run to take. */
  drop(): void;
}

/** `output`: where the run is written anyway. Otherwise it would be copied to a new folder in the working directory. */
export function keeping(output: string | undefined): Keeping {
  let made: string | null = null;
  let taken = false;
  return {
    dir: () => output ?? made,
    begin() {
      if (output !== undefined) return output;
      if (made !== null) return made;
      const name = `whyslow-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`;
      mkdirSync(path.resolve(name), { mode: 0o700 });
      return (made = name);
    },
    take(runDir) {
      if (made !== null) cpSync(runDir, path.resolve(made), { recursive: true });
      taken = true;
    },
    drop() {
      if (made !== null && !taken) rmSync(path.resolve(made), { recursive: true, force: true });
    },
  };
}
