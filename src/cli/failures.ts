import { WhyslowError } from '../errors.js';
import { safeText } from '../report/safe-text.js';
import type { World } from './world.js';

/** EX_SOFTWARE of sysexits.h: a mistake of ours, not of the user or the server. */
const INTERNAL = 70;
const DETAIL_LINES = 20;

/** Tells an error as one line, with the target's last output below it; returns the exit code. */
export function tellFailure(error: unknown, world: World, { verbose, unicode }: { verbose: boolean; unicode: boolean }): number {
  const safe = (text: string): string => safeText(text, { unicode });
  const out = (line: string): void => void world.stderr.write(`${line}\n`);
  if (error instanceof WhyslowError) {
    out(`whyslow: ${safe(error.message)}`);
    lastLines(error.detail).forEach((line) => out(`  ${safe(line)}`));
    return error.exitCode;
  }
  const what = error instanceof Error ? error : new Error(String(error));
  out(`whyslow: internal error: ${safe(what.message)}; ${verbose ? 'please report it with the lines below' : 'run again with --verbose for the details to report'}`);
  if (verbose) (what.stack ?? '').split('\n').slice(1).forEach((line) => out(`  ${safe(line.trim())}`));
  return INTERNAL;
}

function lastLines(detail: string | undefined): string[] {
  const lines = (detail ?? '').split(/\r?\n/).map((line) => line.trimEnd()).filter((line) => line !== '');
  const cut = lines.length - DETAIL_LINES;
  return cut > 0 ? [`(${cut} earlier lines left out)`, ...lines.slice(-DETAIL_LINES)] : lines;
}
