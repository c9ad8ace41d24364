import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { safeText } from '../report/safe-text.js';
import type { FindingId, Settings } from '../types.js';
import { emit } from './emit.js';
import { checkFeeds, scrapeWhile } from './feeds.js';
import { keeping, type Keeping } from './keep-run.js';
import { lineOnlooker, type Onlooker } from './onlooker.js';
import type { RawOptions } from './program.js';
import type { World } from './world.js';

/** One run from launch to report; returns the exit code. */
export async function watch(settings: Settings, raw: RawOptions, failOn: FindingId[], world: World): Promise<number> {
  const quiet = raw.quiet ?? false;
  const kept = keeping(raw.output);
  let onlooker = lineOnlooker(world, quiet);
  await checkFeeds(raw);
  const scrape = await scrapeWhile(raw, world, (line) => onlooker.tell(line));
  // Last of all: what fails before it is told on the terminal as it is.
  if (raw.live === true) onlooker = await liveOnlooker(settings, raw, world, kept);
  const abort = new AbortController();
  const ignore = world.onInterrupt((signal) => {
    abort.abort(signal);
    onlooker.passing(`${signal}: stopping; the report of what was seen follows (once more to end at once)`);
  });
  try {
    const { run } = await world.pipeline();
    const { report, runDir } = await run(settings, {
      outputDir: raw.output ?? null,
      signal: abort.signal,
      onProgress: (now) => {
        scrape.window(now.window);
        if (!abort.signal.aborted) onlooker.show(now);
      },
      onFolder: scrape.watch,
      onNote: (line) => onlooker.tell(safeText(line)),
      ...onlooker.underway ? { onUnderway: onlooker.underway } : {},
    });
    onlooker.close();
    kept.take(runDir);
    let code: number;
    try {
      code = await emit(report, runDir, raw, failOn, world);
    } finally {
      if (raw.output === undefined) discard(runDir);
    }
    if (kept.dir() !== null) onlooker.tell(`the run is kept; whyslow report ${safeText(kept.dir() ?? '')} shows it again, whyslow flame ${safeText(kept.dir() ?? '')} its stacks`);
    return code;
  } finally {
    onlooker.close();
    kept.drop();
    ignore();
    await scrape.close();
  }
}

/** Loaded only when it is asked for: nobody else pays for a terminal library. */
async function liveOnlooker(settings: Settings, raw: RawOptions, world: World, kept: Keeping): Promise<Onlooker> {
  const { liveOnlooker: open } = await import('./live.js');
  return open({ settings, raw, world, kept });
}

/** A run nobody asked to keep lies in the system's temporary folder, and nothing but that is ever removed. */
function discard(runDir: string): void {
  const within = path.relative(tmpdir(), path.resolve(runDir));
  if (within === '' || within.startsWith('..') || path.isAbsolute(within)) return;
  rmSync(runDir, { recursive: true, force: true });
}
