import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, expect, it } from 'vitest';

const dir = mkdtempSync(path.join(tmpdir(), 'whyslow-signals-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const source = readFileSync(new URL('../../src/cli/signals.ts', import.meta.url), 'utf8');
const { outputText } = ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } });
const script = path.join(dir, 'child.mjs');
writeFileSync(script, `${outputText}
process.on('exit', () => process.stdout.write('cleaned up\\n'));
const ignore = onInterrupt((signal) => process.stdout.write(signal + '\\n'));
if (process.argv[2] === 'done') ignore();
const keep = setInterval(() => {}, 1000);
process.stdout.write('ready\\n');
`);

/** A real child that gets each signal once its last line is out. */
async function child(args: string[], signals: NodeJS.Signals[]): Promise<{ code: number | null; signal: string | null; lines: string[] }> {
  const running = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const left = [...signals];
    let text = '';
    running.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const next = left.shift();
      if (next) running.kill(next);
    });
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => running.on('close', (...end) => resolve(end)));
    return { code, signal, lines: text.trim().split('\n') };
  } finally {
    running.kill('SIGKILL');
  }
}

it.each([['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const)('the first %s asks, the second ends at once with %i, after the exit handlers', async (signal, code) => {
  expect(await child([], [signal, signal])).toEqual({ code, signal: null, lines: ['ready', signal, 'cleaned up'] });
});

it('counts signals of different kinds together', async () => {
  expect(await child([], ['SIGINT', 'SIGTERM'])).toMatchObject({ code: 143, lines: ['ready', 'SIGINT', 'cleaned up'] });
});

it('leaves the default action once it no longer listens', async () => {
  expect(await child(['done'], ['SIGTERM'])).toMatchObject({ code: null, signal: 'SIGTERM' });
});
