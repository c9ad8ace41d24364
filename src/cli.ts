import { main } from './cli/main.js';
import { onInterrupt } from './cli/signals.js';
import { VERSION } from './version.js';

// A reader that went away (`whyslow report RUN | head`) is no error of ours.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const code = await main(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  isRoot: process.geteuid?.() === 0,
  version: VERSION,
  pipeline: () => import('./run.js'),
  onInterrupt,
});
process.exit(code);
