import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import { describe, expect, it } from 'vitest';
import { openScreen } from '../../src/live/screen.js';
import type { Style } from '../../src/live/types.js';

/** What a terminal of 60x4 would get for these rows. */
async function written(rows: [text: string, style: Style][][], color = true): Promise<{ first: string; again: string; after: string }> {
  const output = Object.assign(new PassThrough(), { columns: 60, rows: 4, isTTY: true });
  const input = Object.assign(new PassThrough(), { isRaw: false, setRawMode: () => input, isTTY: true });
  const taken = async (): Promise<string> => {
    await sleep(50);
    return String(output.read() ?? '');
  };
  const screen = openScreen({ input: input as unknown as ReadStream, output: output as unknown as WriteStream, term: 'xterm', color, unicode: true, onKey: () => undefined, onResize: () => undefined });
  const lines = rows.map((row) => row.map(([text, style]) => ({ text, style })));
  await taken();
  screen.show(lines);
  const first = await taken();
  screen.show(lines);
  const again = await taken();
  screen.close();
  return { first, again, after: await taken() };
}
const CODES = /\u001b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78])|[\u000e\u000f]/g;

describe('the screen', () => {
  it('shows hostile text as text: no tag of blessed, no control, no bidi override', async () => {
    const { first } = await written([[['{red-fg}x{/red-fg} {open}{|}{/}', 'plain']], [['a\u001b[2Jb\u202ec\u0007', 'bad']], [['{escape}{', 'warn'], ['|}', 'warn']]]);
    const text = first.replaceAll(CODES, '');

    for (const part of ['{red-fg}x{/red-fg}', '{open}{|}{/}']) expect(text).toContain(part);
    expect(text).toContain('a?[2Jb?c?');
    expect(text).toContain('{escape}{|}');
    expect(first).not.toContain('\u001b[2J');
  });

  it('writes nothing when nothing has changed, no colour where none is wanted, and leaves as it came', async () => {
    const plain = await written([[['all is well', 'good'], ['!', 'accent']]], false);
    expect(plain.first).toContain('all is well');
        expect(plain.first).not.toMatch(/\u001b\[(?:\d+;)*3[0-7]m/);
    expect(plain.again).toBe('');
    expect(plain.after).toContain('\u001b[?1049l');
  });
});
