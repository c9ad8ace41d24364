import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { safeText } from '../report/safe-text.js';
import type { FindingId, Settings } from '../types.js';
import { emit } from './emit.js';
import { checkFeeds, scrapeWhile } from './feeds.js';
import type { RawOptions } from './program.js';
import { progressOut } from './progress-line.js';
import { note, type World } from './world.js';

/** One run from launch to report; returns the exit code. */
export async function watch(settings: Settings, raw: RawOptions, failOn: FindingId[], world: World): Promise<number> {
  const quiet = raw.quiet ?? false;
  const progress = progressOut(world.stderr, quiet);
  const abort = new AbortController();
  const tell = (line: string): void => {
    if (quiet) return;
    progress.clear();
    note(world, line);
  };
  await checkFeeds(raw);
  const scrape = await scrapeWhile(raw, world, tell);
  const ignore = world.onInterrupt((signal) => {
    abort.abort(signal);
    tell(`${signal}: stopping; the report of what was seen follows (once more to end at once)`);
  });
  try {
    const { run } = await world.pipeline();
    const { report, runDir } = await run(settings, {
      outputDir: raw.output ?? null,
      signal: abort.signal,
      onProgress: (now) => {
        scrape.window(now.window);
        if (!abort.signal.aborted) progress.show(now);
      },
      onFolder: scrape.watch,
      onNote: (line) => tell(safeText(line)),
    });
    progress.clear();
    let code: number;
    try {
      code = await emit(report, runDir, raw, failOn, world);
    } finally {
      if (raw.output === undefined) discard(runDir);
    }
    if (raw.output !== undefined) tell(`the run is kept; whyslow report ${safeText(raw.output)} shows it again`);
    return code;
  } finally {
    progress.clear();
    ignore();
    await scrape.close();
  }
}

/** A run nobody asked to keep lies in the system's temporary folder, and nothing but that is ever removed. */
function discard(runDir: string): void {
  const within = path.relative(tmpdir(), path.resolve(runDir));
  if (within === '' || within.startsWith('..') || path.isAbsolute(within)) return;
  rmSync(runDir, { recursive: true, force: true });
}
