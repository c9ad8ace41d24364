import { writeFileSync } from 'node:fs';
import { EXIT, usageError } from '../errors.js';
import { renderJson } from '../report/json.js';
import { renderTerminal } from '../report/terminal.js';
import type { FindingId, Report } from '../types.js';
import { emitFeeds } from './feeds.js';
import type { RawOptions } from './program.js';
import { renderOptionsFor } from './terminal-env.js';
import { note, write, type World } from './world.js';

/** Writes a report where it was asked for; returns the exit code. */
export async function emit(report: Report, raw: RawOptions, failOn: FindingId[], world: World): Promise<number> {
  if (raw.json === '-') {
    await write(world.stdout, renderJson(report));
  } else {
    await write(world.stdout, renderTerminal(report, renderOptionsFor(world.stdout, world.env, raw.color !== false)));
    if (raw.json !== undefined) writeJson(raw.json, report);
  }
  await emitFeeds(report, raw, world);
  const hit = failOn.filter((id) => report.verdict.id === id || report.findings.some((finding) => finding.id === id));
  if (hit.length === 0) return EXIT.ok;
  if (!raw.quiet) note(world, `--fail-on matched: ${hit.join(', ')}`);
  return EXIT.failOn;
}

function writeJson(file: string, report: Report): void {
  try {
    writeFileSync(file, renderJson(report));
  } catch (error) {
    throw usageError(`--json "${file}" cannot be written (${(error as NodeJS.ErrnoException).code ?? 'error'}); the report above is complete`);
  }
}
