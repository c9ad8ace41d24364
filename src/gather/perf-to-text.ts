import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { firstLine, tied, watchEnd } from './tool-process.js';

/** Of perf.data, what becomes about 40 MB of text; of larger ones every k-th sample is kept. */
const MAX_DATA_BYTES = 6e6;

/** Reading symbols of large programs takes a second; a hung filesystem must not hold the report. */
const TIMEOUT_MS = 30_000;

export interface ScriptRequest {
  data: string;
  file: string;
  version: string;
  frequencyHz: number;
}

/** perf.data -> text for src/parse/perf-script.ts. Throws when perf gives nothing. */
export async function writeScript({ data, file, version, frequencyHz }: ScriptRequest): Promise<void> {
  const { size } = await stat(data).catch(() => { throw new Error('perf record wrote nothing'); });
  const keepOneOf = Math.max(1, Math.ceil(size / MAX_DATA_BYTES));
  // -f: the map of a runtime's JIT belongs to the target's user, not to us. Inlined frames take minutes to find.
  const args = ['script', '-i', data, '-f', '--no-inline', '--ns', '-F', 'comm,pid,tid,time,event,ip,sym,dso'];
  const child = spawn(...tied('perf', args, 'KILL'), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBUGINFOD_URLS: '', LC_ALL: 'C' },
  });
  const { ended } = watchEnd(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const header = `# perf ${version} frequencyHz=${frequencyHz} keptOneOf=${keepOneOf}\n`;
  try {
    await pipeline(Readable.from(withHeader(header, thinned(child.stdout, keepOneOf))), createWriteStream(file));
    const { code, signal, stderr } = await ended;
    if (code !== 0) throw new Error(`perf script failed: ${firstLine(stderr) || `it ended by ${signal ?? code}`}`);
  } finally {
    clearTimeout(timer);
  }
}

async function* withHeader(header: string, chunks: AsyncIterable<string>): AsyncGenerator<string> {
  yield header;
  yield* chunks;
}

/** Every k-th sample; a blank line ends each. */
export async function* thinned(text: Readable, keepOneOf: number): AsyncGenerator<string> {
  text.setEncoding('utf8');
  if (keepOneOf === 1) {
    yield* text as AsyncIterable<string>;
    return;
  }
  let rest = '';
  let count = 0;
  for await (const chunk of text as AsyncIterable<string>) {
    const samples = (rest + chunk).split('\n\n');
    rest = samples.pop() ?? '';
    const kept = samples.filter(() => count++ % keepOneOf === 0);
    if (kept.length > 0) yield `${kept.join('\n\n')}\n\n`;
  }
  if (rest.trim() !== '' && count % keepOneOf === 0) yield rest;
}
