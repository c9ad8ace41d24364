import { existsSync } from 'node:fs';
import { EXIT, usageError } from '../errors.js';
import { renderEnv } from '../report/env-table.js';
import { safeText } from '../report/safe-text.js';
import { defaultDemos, demoTable, listDemos, type Demo } from './demo.js';
import { tellFailure } from './failures.js';
import { checkLive } from './live-possible.js';
import { emit } from './emit.js';
import { flameCommand } from './flame.js';
import { checkFeeds, feedsOf } from './feeds.js';
import { failOnOf, settingsOf, type Complain } from './options.js';
import { checkOutputs } from './outputs.js';
import { parseArgv, type Invocation, type RawOptions } from './program.js';
import { hasUnicode, renderOptionsFor } from './terminal-env.js';
import type { Report } from '../types.js';
import { watch } from './watch.js';
import { note, write, type World } from './world.js';

/** The command line, from argv to exit code. */
export async function main(argv: string[], world: World): Promise<number> {
  const verbose = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length).includes('--verbose');
  try {
    return await act(parseArgv(argv, world.version), world);
  } catch (error) {
    return tellFailure(error, world, { verbose, unicode: hasUnicode(world.env) });
  }
}

function act(asked: Invocation, world: World): Promise<number> {
  switch (asked.command) {
    case 'text': return write(world.stdout, asked.text).then(() => EXIT.ok);
    case 'run': return runCommand(asked.words, asked.raw, world);
    case 'attach': return attachCommand(asked.target, asked.raw, world);
    case 'report': return reportCommand(asked.dir, asked.raw, world);
    case 'flame': return flameCommand(asked.dir, asked.raw, world);
    case 'env': return envCommand(asked.raw, world);
    case 'demo': return demoCommand(asked.name, asked.raw, world);
  }
}

const account = (world: World): { isRoot: boolean; sudoUser: string | undefined } => ({ isRoot: world.isRoot, sudoUser: world.env['SUDO_USER'] });

/** Runs `judge`, tells all it complained of, and returns its value, or null where there was anything to complain of. */
function judged<T>(world: World, judge: (complain: Complain) => T): T | null {
  const wrongs: string[] = [];
  const value = judge((wrong) => wrongs.push(wrong));
  wrongs.forEach((wrong) => note(world, safeText(wrong)));
  return wrongs.length === 0 ? value : null;
}

async function runCommand(words: string[], raw: RawOptions, world: World): Promise<number> {
  const good = judged(world, (complain) => {
    checkOutputs(raw, complain);
    checkLive(raw, world, complain);
    return { settings: settingsOf(words, raw, complain, account(world)), failOn: failOnOf(raw, complain) };
  });
  return good ? watch(good.settings, raw, good.failOn, world) : EXIT.usage;
}

/** Without a URL nothing is sent: the server's own traffic is watched, all of it counts. */
async function attachCommand(target: string, raw: RawOptions, world: World): Promise<number> {
  const defaults = raw.url === undefined && raw.load === undefined ? { tool: 'none', warmupS: 0 } : {};
  const good = judged(world, (complain) => {
    checkOutputs(raw, complain);
    checkLive(raw, world, complain);
    if (raw.user !== undefined) complain('--user is for servers that whyslow launches; leave it out');
    return { settings: settingsOf([], raw, complain, { ...account(world), sudoUser: undefined }, defaults, target), failOn: failOnOf(raw, complain) };
  });
  return good ? watch(good.settings, raw, good.failOn, world) : EXIT.usage;
}

async function reportCommand(dir: string, raw: RawOptions, world: World): Promise<number> {
  const failOn = judged(world, (complain) => {
    checkOutputs(raw, complain);
    if (feedsOf(raw, () => undefined).scrape !== null) complain('--prometheus :PORT is for a run that goes on; name a file');
    return failOnOf(raw, complain);
  });
  if (failOn === null) return EXIT.usage;
  if (!existsSync(dir)) throw usageError(`there is no folder "${dir}"; give the one that -o wrote`);
  await checkFeeds(raw);
  const { reportOf } = await world.pipeline();
  return emit(raw.secondOpinion ? await withSecondOpinion(dir) : reportOf(dir), dir, raw, failOn, world);
}

/** Loaded late, as the pipeline is. */
const withSecondOpinion = async (dir: string): Promise<Report> => (await import('../run.js')).withSecondOpinion(dir);

async function envCommand(raw: RawOptions, world: World): Promise<number> {
  const { environment } = await world.pipeline();
  const { host, probes } = await environment();
  await write(world.stdout, renderEnv(probes, host, renderOptionsFor(world.stdout, world.env, raw.color !== false)));
  return EXIT.ok;
}

async function demoCommand(name: string | null, raw: RawOptions, world: World): Promise<number> {
  const all = listDemos();
  if (name === 'list') {
    await write(world.stdout, demoTable(all));
    return EXIT.ok;
  }
  if (name !== null && !all.some(({ id }) => id === name)) {
    note(world, `there is no demo "${safeText(name)}"; choose one of these`);
    await write(world.stderr, demoTable(all));
    return EXIT.usage;
  }
  const { demos, note: missing } = name === null ? await defaultDemos(all) : { demos: all.filter(({ id }) => id === name), note: null };
  if (demos.length === 0) throw usageError('the bundled servers are missing; install whyslow again');
  const code = await demosInTurn(demos, raw, world);
  if (missing !== null && !raw.quiet) note(world, missing);
  return code;
}

async function demosInTurn(demos: Demo[], raw: RawOptions, world: World): Promise<number> {
  const runs = judged(world, (complain) => {
    if (demos.length > 1 && [raw.output, raw.json, raw.html, raw.markdown, raw.prometheus].some((file) => file !== undefined)) complain('--output, --json, --html, --markdown and --prometheus take one run; name a demo, "whyslow demo list" lists them');
    checkOutputs(raw, complain);
    const failOn = failOnOf(raw, complain);
    return demos.map((demo) => ({ demo, failOn, settings: settingsOf(demo.command, raw, complain, account(world), demo.load) }));
  });
  if (runs === null) return EXIT.usage;
  let worst: number = EXIT.ok;
  for (const { demo, settings, failOn } of runs) {
    if (!raw.quiet) note(world, `demo ${demo.id}: ${demo.title}`);
    // The server inherits our environment: Settings has none of its own.
    const before = Object.fromEntries(Object.keys(demo.env).map((key) => [key, world.env[key]]));
    Object.assign(world.env, demo.env);
    try {
      worst = Math.max(worst, await watch(settings, raw, failOn, world));
    } finally {
      for (const [key, value] of Object.entries(before)) {
        if (value === undefined) delete world.env[key];
        else world.env[key] = value;
      }
    }
  }
  return worst;
}
