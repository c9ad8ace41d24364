import { doctorSamplesFact } from './facts/doctor-samples.js';
import { factReader } from './facts/reader.js';
import { selectStacks } from './facts/stacks.js';
import { timelineFact } from './facts/timeline.js';
import { readHost } from './gather/host.js';
import { selectProbes } from './gather/select.js';
import { goLast } from './gather/manners.js';
import { session, type Session } from './gather/session.js';
import type { ProfileAnswer } from './gather/underway.js';
import { NoData, usageError, WhyslowError, EXIT } from './errors.js';
import { driverFor } from './load/driver.js';
import { assertLoopback } from './load/loopback.js';
import { judge } from './judge.js';
import { secondOpinion } from './opinion/clinic-doctor.js';
import { loadRun } from './store/load.js';
import { createRunDir, removeRunDir, writeManifest } from './store/save.js';
import type { Gathered, Host, Manifest, ProbeStatus, Report, Settings, StackProfile, StackSelection, TimelineFact, WindowName } from './types.js';
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
  /** The load begins: for someone who looks on, who changes nothing by that. */
  onUnderway?(underway: RunUnderway): void;
}

/** A run that goes on. */
export interface RunUnderway {
  dir: string;
  /** As it would be saved now; the files that it names still grow. */
  manifest(): Manifest;
  profileNow(): ProfileAnswer;
}

/** Launch -> probes -> load -> saved run -> report. Errors: WhyslowError with the exit code that fits. */
export async function run(settings: Settings, io: RunIo): Promise<{ report: Report; runDir: string }> {
  if (settings.url) await assertLoopback(settings.url, settings.allowRemote);
  // A load generator of ours must not wait for the server that it drives.
  if (settings.attach !== null && settings.load.tool === 'none') goLast();
  const host = await readHost();
  const driver = driverFor(settings.load.tool);
  const can = await driver.check();
  if (!can.ok) throw usageError(`${can.reason}; ${can.enable}`);
  const { active, statuses } = await selectProbes(host, { asked: settings.probes, gentle: settings.gentle, attach: settings.attach !== null, also: settings.offCpu ? ['off-cpu'] : [] });
  if (active.length === 0) throw new WhyslowError('nothing can be observed here with these probes; "whyslow env" says why', EXIT.nothingObserved);

  const { dir, artifactsDir } = await createRunDir(io.outputDir);
  io.onFolder?.(artifactsDir);
  try {
    const manifestOf = (seen: Session): Manifest => ({
      schema: 'whyslow-run/1', whyslow: VERSION, createdAt: new Date().toISOString(), host, settings, ...seen,
      probes: statuses.list(),
      loadTool: settings.load.tool === 'none' ? null : settings.load.tool,
    });
    const seen = await session({
      settings, host, probes: active, statuses, dir: artifactsDir, scratch: io.outputDir === null ? dir : null,
      signal: io.signal, onProgress: io.onProgress, onNote: io.onNote,
      onUnderway: ({ soFar, profileNow }) => io.onUnderway?.({ dir, manifest: () => manifestOf(soFar()), profileNow }),
    });
    await writeManifest(dir, manifestOf(seen));
    return { report: settings.secondOpinion ? await withSecondOpinion(dir) : reportOf(dir), runDir: dir };
  } catch (error) {
    // A run that never was leaves nothing behind.
    await removeRunDir(dir);
    throw error;
  }
}

/** The report of a saved run: the same bytes whenever it is asked for. */
export const reportOf = (dir: string): Report => judge(loadRun(dir));

/** Everything of a saved run that was measured over time. */
export const timelineOf = (dir: string): Gathered<TimelineFact> => factReader(loadRun(dir))(timelineFact);

/** The report, and what Clinic Doctor says of that run. */
export async function withSecondOpinion(dir: string): Promise<Report> {
  const saved = loadRun(dir);
  const read = factReader(saved);
  const report = judge(saved, read);
  return { ...report, secondOpinion: await secondOpinion(report, read(doctorSamplesFact)) };
}

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
