import { writeFileSync } from 'node:fs';
import { EXIT, usageError } from '../errors.js';
import { renderJson } from '../report/json.js';
import { renderMarkdown } from '../report/markdown.js';
import { renderTerminal } from '../report/terminal.js';
import type { FindingId, Report } from '../types.js';
import { emitFeeds } from './feeds.js';
import type { RawOptions } from './program.js';
import { renderOptionsFor } from './terminal-env.js';
import { note, write, type World } from './world.js';

/** Writes a report where it was asked for; `dir` holds the run that it is of. Returns the exit code. */
export async function emit(report: Report, dir: string, raw: RawOptions, failOn: FindingId[], world: World): Promise<number> {
  if (raw.json === '-') await write(world.stdout, renderJson(report));
  else if (raw.markdown === '-') await write(world.stdout, renderMarkdown(report));
  else await write(world.stdout, renderTerminal(report, renderOptionsFor(world.stdout, world.env, raw.color !== false)));
  if (raw.json !== undefined && raw.json !== '-') keep('--json', raw.json, renderJson(report));
  if (raw.markdown !== undefined && raw.markdown !== '-') keep('--markdown', raw.markdown, renderMarkdown(report));
  if (raw.html !== undefined) keep('--html', raw.html, await pageOf(report, dir, world));
  await emitFeeds(report, raw, world);
  const hit = failOn.filter((id) => report.verdict.id === id || report.findings.some((finding) => finding.id === id));
  if (hit.length === 0) return EXIT.ok;
  if (!raw.quiet) note(world, `--fail-on matched: ${hit.join(', ')}`);
  return EXIT.failOn;
}

/** The chart library and what draws the page are loaded only when a page is asked for. */
async function pageOf(report: Report, dir: string, world: World): Promise<string> {
  const [{ renderHtml }, { pageAssets }, { pageFlame }, { timelineOf, stacksOf }] = await Promise.all([
    import('../report/html/page.js'), import('./page-assets.js'), import('./page-flame.js'), world.pipeline(),
  ]);
  return renderHtml(report, timelineOf(dir), pageAssets(), pageFlame(() => stacksOf(dir, ON_CPU).profile));
}

/** What used the CPU, thread by thread, by the source that names most of the program. */
const ON_CPU = { kind: 'on-cpu', source: null, thread: null, phase: null, merge: false, idle: false } as const;

function keep(option: string, file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw usageError(`${option} "${file}" cannot be written (${(error as NodeJS.ErrnoException).code ?? 'error'}); the report above is complete`);
  }
}
