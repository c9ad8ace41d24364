import { Command, CommanderError } from 'commander';
import { usageError } from '../errors.js';
import { FORMATS } from '../export/formats.js';

/** Options as given: texts, not yet judged. Absent = not given. */
export interface RawOptions {
  connections?: string; duration?: string; warmup?: string; method?: string; header?: string[]; body?: string;
  url?: string; port?: string; keepAlive?: boolean; rate?: string; amount?: string; load?: string; probes?: string;
  json?: string; html?: string; markdown?: string; output?: string; readyTimeout?: string; user?: string; allowRemote?: boolean; failOn?: string;
  verbose?: boolean; quiet?: boolean; color?: boolean; signalOk?: boolean; gentle?: boolean; live?: boolean;
  format?: string; offCpu?: boolean; stalls?: boolean; thread?: string; phase?: string; merge?: boolean; perfMap?: boolean; source?: string; idle?: boolean; diff?: string;
  prometheus?: string; otlp?: string; secondOpinion?: boolean;
}

export type Invocation =
  | { command: 'run'; raw: RawOptions; words: string[] }
  | { command: 'attach'; raw: RawOptions; target: string }
  | { command: 'report'; raw: RawOptions; dir: string }
  | { command: 'flame'; raw: RawOptions; dir: string }
  | { command: 'env'; raw: RawOptions }
  | { command: 'demo'; raw: RawOptions; name: string | null }
  | { command: 'text'; text: string };

const COMMANDS = new Set(['run', 'attach', 'report', 'flame', 'env', 'demo', 'help']);
/** May stand before the command's name as well. */
const ANYWHERE = new Set(['--no-color', '--quiet', '--verbose']);
const TEXTS = new Set(['-h', '--help', '-V', '--version']);

/** What is asked for. `run` need not be said: everything that is no other command is a command line to watch. */
export function parseArgv(argv: string[], version: string): Invocation {
  let found: Invocation | null = null;
  let text = '';
  const program = build(version, (invocation) => { found = invocation; }, (part) => { text += part; });
  try {
    program.parse(withCommand(argv), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageError(oneLine(error.message));
    return { command: 'text', text };
  }
  return found ?? { command: 'text', text };
}

function withCommand(argv: string[]): string[] {
  const leading = argv.findIndex((arg) => !ANYWHERE.has(arg));
  const at = leading === -1 ? argv.length : leading;
  const [first] = argv.slice(at);
  if (first !== undefined && TEXTS.has(first)) return argv.slice(at);
  if (first !== undefined && COMMANDS.has(first)) return [first, ...argv.slice(0, at), ...argv.slice(at + 1)];
  return ['run', ...argv];
}

function build(version: string, done: (invocation: Invocation) => void, out: (text: string) => void): Command {
  const program = new Command('whyslow')
    .description('Why is my server slow? Launches it, watches it from the kernel and from inside, drives load at it, and names the one thing that costs most.')
    .usage('[options] -- COMMAND...')
    .version(version, '-V, --version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: () => undefined });

  const run = whole(loadOptions(program.command('run').description('launch COMMAND, watch it under load, report (the default)')))
    .usage('[options] -- COMMAND...')
    .option('--perf-map', 'launch Node (and Python 3.12) so that perf names its functions too: JavaScript, native and kernel code in one flame graph')
    .argument('[command...]', 'the server, with its arguments; options go before it')
    .passThroughOptions()
    .option(...LIVE)
    .action((words: string[], raw: RawOptions) => done({ command: 'run', raw, words }));
  whole(loadOptions(program.command('attach').description('watch a server that runs already, and leave it as it was')))
    .usage('[options] PID | :PORT | NAME')
    .argument('<target>', 'its process id, the port it listens on (:8080), or the name of the only process called so')
    .option(...LIVE)
    .option('--signal-ok', 'Node: SIGUSR1 may be sent, which opens its inspector for a moment; not where the program has a handler of its own')
    .action((target: string, raw: RawOptions) => done({ command: 'attach', raw, target }));
  outputOptions(program.command('report').description('the report of a saved run (-o DIR), once more'))
    .argument('<run>', 'folder of the run')
    .action((dir: string, raw: RawOptions) => done({ command: 'report', raw, dir }));
  flameOptions(program.command('flame').description('stacks of a saved run (-o DIR) as a flame graph, or for the tools that you use'))
    .argument('<run>', 'folder of the run')
    .action((dir: string, raw: RawOptions) => done({ command: 'flame', raw, dir }));
  program.command('env').description('what can be observed on this machine, what not, and how to enable it')
    .option('--no-color', 'no colours (NO_COLOR works as well)').option('--quiet', 'no notes').option('--verbose', 'say more')
    .action((raw: RawOptions) => done({ command: 'env', raw }));
  whole(loadOptions(program.command('demo').description('watch a bundled slow server; "list" lists them')))
    .argument('[name]', 'which; without it, two of them')
    .action((name: string | undefined, raw: RawOptions) => done({ command: 'demo', raw, name: name ?? null }));

  program.addHelpText('after', () => `\nOptions of run${run.helpInformation().split('Options')[1] ?? ''}
Examples:
  whyslow -- node server.js
  whyslow -c 100 -d 20 --url http://127.0.0.1:8000/search?q=x -- gunicorn -w 4 app:app
  whyslow attach :8080 -d 30s
  whyslow attach 4131 --url http://127.0.0.1:8080/ --signal-ok
  whyslow --json report.json --fail-on event-loop-blocked,gc-pressure -- npm start

Exit codes: 0 report made, 1 --fail-on matched, 2 wrong use, 3 the server failed, 4 nothing could be observed`);
  return program;
}

const LIVE = ['--live', 'watch it on this terminal while it runs; ? lists the keys'] as const;

function loadOptions(command: Command): Command {
  return command
    .option('-c, --connections <n>', 'connections kept open (default: 50)')
    .option('-d, --duration <time>', 'length of the load: 10, 5s, 1m (default: 10s)')
    .option('--warmup <time>', 'load before it counts (default: 2s)')
    .option('-m, --method <method>', 'HTTP method (default: GET, with a body POST)')
    .option('-H, --header <header>', "'Name: value'; may be repeated", (one: string, all: string[] = []) => [...all, one])
    .option('-b, --body <body>', 'request body; @FILE reads it from a file')
    .option('--url <url>', 'what to request (default: found by watching the server listen)')
    .option('--port <port>', 'port the server listens on, where it has several')
    .option('--no-keep-alive', 'a connection for each request')
    .option('--rate <n>', 'requests a second over all connections (default: as fast as answers come)')
    .option('-a, --amount <n>', 'stop after this many requests instead of a time')
    .option('--load <tool>', "autocannon, wrk, none, or a command: 'hey -z 10s {url}' (default: autocannon)");
}

function whole(command: Command): Command {
  command
    .option('--probes <list>', 'only these probes; "whyslow env" lists them')
    .option('--gentle', 'no probe that slows each system call or request: says less, costs next to nothing')
    .option('--off-cpu', 'also record where threads sleep, with stacks, for "whyslow flame --off-cpu"')
    .option('-o, --output <dir>', 'keep the run here, for "whyslow report" and "whyslow flame"')
    .option('--ready-timeout <time>', 'how long the server may take to answer (default: 30s)')
    .option('--user <name>', 'run the server as this user (under sudo: the one who called it)')
    .option('--allow-remote', 'allow load on a host that is not this one');
  return outputOptions(command);
}

function outputOptions(command: Command): Command {
  return command
    .option('--json <file>', 'write the report as JSON; - writes only that to stdout')
    .option('--html <file>', 'write the report as one page: charts, tables, all evidence; opens anywhere, loads nothing')
    .option('--markdown <file>', 'write the short report for a pull request; - writes only that to stdout')
    .option('--second-opinion', 'Node: also what Clinic Doctor says of the same run, and why it differs')
    .option('--prometheus <file|:port>', 'write the figures as Prometheus text, or have them scraped at :PORT while it runs')
    .option('--otlp <url>', 'post the figures to an OpenTelemetry collector at the end: http://127.0.0.1:4318')
    .option('--fail-on <rules>', 'exit with 1 when one of these is found: event-loop-blocked,...')
    .option('--verbose', 'show the output of the server, and more on errors')
    .option('--quiet', 'no progress, no notes: the report only')
    .option('--no-color', 'no colours (NO_COLOR works as well)');
}

function flameOptions(command: Command): Command {
  return command
    .option('-o, --output <file>', 'where to write; - is stdout (default: named after the run, in this folder)')
    .option('--format <name>', `${Object.keys(FORMATS).join(', ')} (default: ${String(Object.keys(FORMATS)[0])})`)
    .option('--off-cpu', 'where threads slept, instead of where they used the CPU')
    .option('--stalls', 'only what ran inside long turns of the event loop')
    .option('--thread <name>', 'only this thread: its id or its name')
    .option('--phase <window>', 'only this window of the run: profile, clean, ...')
    .option('--merge', 'all threads and processes as one')
    .option('--source <name>', 'v8, python, perf (default: the one that names most of the program)')
    .option('--idle', 'with the time in which a thread had nothing to do (v8)')
    .option('--diff <run>', 'against this other run, per request')
    .option('--quiet', 'no notes');
}

/** commander's message in our form: what is wrong; what to do. */
function oneLine(message: string): string {
  const [first = '', hint = ''] = message.replace(/^error: /, '').split('\n');
  const meant = /^\(Did you mean (.+)\?\)$/.exec(hint)?.[1];
  if (meant !== undefined) return `${first}; did you mean ${meant}?`;
  if (/argument missing$/.test(first)) return `${first.replace(/ argument missing$/, ' has no value')}; give it one`;
  if (/missing required argument 'target'/.test(first)) return 'no server given; whyslow attach PID, or :PORT, or a name';
  if (/missing required argument 'run'/.test(first)) return 'no run given; name the folder that -o wrote: whyslow report DIR';
  return `${first}; whyslow --help lists what there is`;
}
