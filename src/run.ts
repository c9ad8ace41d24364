import { reportFacts } from './facts/index.js';
import { factReader } from './facts/reader.js';
import { selectStacks } from './facts/stacks.js';
import { timelineFact } from './facts/timeline.js';
import { readHost } from './gather/host.js';
import { selectProbes } from './gather/select.js';
import { session } from './gather/session.js';
import { NoData, usageError, WhyslowError, EXIT } from './errors.js';
import { driverFor } from './load/driver.js';
import { assertLoopback } from './load/loopback.js';
import { assemble } from './report/assemble.js';
import { diagnose } from './rules/diagnose.js';
import { loadRun } from './store/load.js';
import { createRunDir, removeRunDir, writeManifest } from './store/save.js';
import type { Gathered, Host, ProbeStatus, Report, Settings, StackProfile, StackSelection, TimelineFact, WindowName } from './types.js';
import { VERSION } from './version.js';

export interface Progress { window: WindowName; secondsLeft: number; rps: number | null }

export interface RunIo {
  /** Where to keep the run; null: a temporary folder. */
  outputDir: string | null;
  /** Aborted by Ctrl-C: the run ends early, with a report of what was gathered. */
  signal: AbortSignal;
  onProgress(progress: Progress): void;
  onNote(line: string): void;
  /** Called once, with the folder that the probes write to from now on. */
  onFolder?(artifactsDir: string): void;
}

/** Launch -> probes -> load -> saved run -> report. Errors: WhyslowError with the exit code that fits. */
export async function run(settings: Settings, io: RunIo): Promise<{ report: Report; runDir: string }> {
  if (settings.url) await assertLoopback(settings.url, settings.allowRemote);
  const host = await readHost();
  const driver = driverFor(settings.load.tool);
  const can = await driver.check();
  if (!can.ok) throw usageError(`${can.reason}; ${can.enable}`);
  const { active, statuses } = await selectProbes(host, { asked: settings.probes, gentle: settings.gentle, attach: settings.attach !== null });
  if (active.length === 0) throw new WhyslowError('nothing can be observed here with these probes; "whyslow env" says why', EXIT.nothingObserved);

  const { dir, artifactsDir } = await createRunDir(io.outputDir);
  io.onFolder?.(artifactsDir);
  try {
    const seen = await session({ settings, host, probes: active, statuses, dir: artifactsDir, scratch: io.outputDir === null ? dir : null, signal: io.signal, onProgress: io.onProgress, onNote: io.onNote });
    await writeManifest(dir, {
      schema: 'whyslow-run/1', whyslow: VERSION, createdAt: new Date().toISOString(), host, settings, ...seen,
      probes: statuses.list(),
      loadTool: settings.load.tool === 'none' ? null : settings.load.tool,
    });
    return { report: reportOf(dir), runDir: dir };
  } catch (error) {
    // A run that never was leaves nothing behind.
    await removeRunDir(dir);
    throw error;
  }
}

/** The report of a saved run: the same bytes whenever it is asked for. */
export function reportOf(dir: string): Report {
  const saved = loadRun(dir);
  const read = factReader(saved);
  return assemble(saved.manifest, reportFacts(read), diagnose(read));
}

/** Everything of a saved run that was measured over time. */
export const timelineOf = (dir: string): Gathered<TimelineFact> => factReader(loadRun(dir))(timelineFact);

/** Stacks of a saved run. Errors: WhyslowError where it is no run, or holds none of these. */
export function stacksOf(dir: string, selection: StackSelection): { profile: StackProfile; title: string; createdAt: string } {
  const saved = loadRun(dir);
  try {
    const { command, pid } = saved.manifest.target;
    return { profile: selectStacks(saved, factReader(saved), selection), title: command.join(' ') || `process ${String(pid)}`, createdAt: saved.manifest.createdAt };
  } catch (error) {
    throw error instanceof NoData ? new WhyslowError(`${dir}: ${error.message}`, EXIT.nothingObserved) : error;
  }
}

/** What can be observed on this machine. */
export async function environment(): Promise<{ host: Host; probes: ProbeStatus[] }> {
  const host = await readHost();
  const { statuses } = await selectProbes(host, { asked: null, gentle: false, attach: false });
  return { host, probes: statuses.list() };
}
