import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { EXIT, usageError } from '../errors.js';
import { FORMATS, type Format } from '../export/formats.js';
import { safeText } from '../report/safe-text.js';
import type { StackProfile, StackSelection, WindowName } from '../types.js';
import { nearest } from './choices.js';
import { flameAssets } from './flame-assets.js';
import type { RawOptions } from './program.js';
import { note, write, type World } from './world.js';
import { zeroXHtml } from './zero-x.js';

const PHASES: Record<WindowName, true> = { startup: true, warmup: true, clean: true, observed: true, sockets: true, ledger: true, profile: true, 'off-cpu': true, strace: true, drain: true };
const SOURCES: Record<StackProfile['source'], true> = { v8: true, perf: true, python: true, ebpf: true, proc: true };

/** `whyslow flame RUN`: stacks of a saved run, in a format that other tools open. */
export async function flameCommand(dir: string, raw: RawOptions, world: World): Promise<number> {
  const name = oneOf('--format', raw.format ?? Object.keys(FORMATS)[0] ?? '', Object.keys(FORMATS));
  const format: Format = FORMATS[name as keyof typeof FORMATS];
  if (raw.diff !== undefined && !format.diff) throw usageError(`--diff cannot be drawn as ${name}; ${diffFormats()}`);
  const selection = selectionOf(raw);
  const file = raw.output ?? `${defaultName(dir, selection, raw)}.${format.extension}`;
  if (file === '') throw usageError('--output is empty; name a file, or - for stdout');
  const { stacksOf } = await world.pipeline();
  const { profile, title, createdAt } = stacksOf(dir, selection);
  const against = raw.diff === undefined ? null : stacksOf(raw.diff, selection).profile;
  const content = await format.render(profile, { title, createdAt, against, assets: flameAssets, zeroX: zeroXHtml });
  if (file === '-') {
    await write(world.stdout, content);
    return EXIT.ok;
  }
  save(file, content);
  if (!raw.quiet) note(world, `${safeText(file)}: ${summary(profile)}; opens in ${format.opens}`);
  return EXIT.ok;
}

function selectionOf(raw: RawOptions): StackSelection {
  if (raw.offCpu && raw.stalls) throw usageError('--off-cpu and --stalls are two different pictures; ask for one at a time');
  if (raw.thread === '') throw usageError('--thread is empty; give a thread id or a name');
  return {
    kind: raw.offCpu ? 'off-cpu' : raw.stalls ? 'stalls' : 'on-cpu',
    source: raw.source === undefined ? null : oneOf('--source', raw.source, Object.keys(SOURCES)) as StackProfile['source'],
    thread: raw.thread ?? null,
    phase: raw.phase === undefined ? null : oneOf('--phase', raw.phase, Object.keys(PHASES)) as WindowName,
    merge: raw.merge ?? false,
    idle: raw.idle ?? false,
  };
}

function oneOf(option: string, given: string, known: readonly string[]): string {
  if (known.includes(given)) return given;
  const meant = nearest(given, known);
  throw usageError(`${option} "${given}" is not known; ${meant === null ? `use one of ${known.join(', ')}` : `did you mean ${meant}?`}`);
}

function diffFormats(): string {
  const able = Object.entries<Format>(FORMATS).filter(([, f]) => f.diff).map(([name]) => name);
  return able.length === 0 ? 'no format shows two runs yet' : `use --format ${able.join(' or ')}`;
}

/** Beside us, named after the run: `run1.stalls.folded`. */
function defaultName(dir: string, { kind }: StackSelection, { diff }: RawOptions): string {
  const run = path.basename(path.resolve(dir)) || 'run';
  return [run, ...(kind === 'on-cpu' ? ['flame'] : [kind]), ...(diff === undefined ? [] : ['diff'])].join('.');
}

function summary({ stacks, source, unit, durationNs }: StackProfile): string {
  const ms = stacks.reduce((sum, s) => sum + s.weightNs, 0) / 1e6;
  const what = { cpu: 'on a CPU', wall: 'of wall time', 'off-cpu': 'off the CPU' }[unit];
  return `${String(stacks.length)} stacks from ${source}, ${ms.toFixed(0)} ms ${what} in ${(durationNs / 1e9).toFixed(1)} s`;
}

function save(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw usageError(`--output "${file}" cannot be written (${(error as NodeJS.ErrnoException).code ?? 'error'}); name another file`);
  }
}
