import type { ReadStream, WriteStream } from 'node:tty';
import blessed from 'blessed';
import type { Size } from './draw.js';
import type { Key } from './keys.js';
import type { Line, Style } from './types.js';

export interface ScreenInput {
  input: ReadStream;
  output: WriteStream;
  /** As the environment has it. */
  term: string;
  color: boolean;
  unicode: boolean;
  onKey(key: Key): void;
  onResize(): void;
}

export interface Screen {
  size(): Size;
  show(lines: readonly Line[]): void;
  /** Draws all of it, whatever is thought to be there. */
  redraw(): void;
  /** Gives the terminal back; safe to call twice. */
  close(): void;
}

const COLORS: Record<Style, string> = {
  plain: '', dim: 'cyan-fg', bold: 'bold', good: 'green-fg', warn: 'yellow-fg', bad: 'red-fg', accent: 'green-fg', inverse: 'inverse',
};
const NO_COLORS: Record<Style, string> = {
  plain: '', dim: '', bold: 'bold', good: 'bold', warn: 'bold', bad: 'bold', accent: '', inverse: 'inverse',
};

/**
 * The terminal, through blessed: one box as large as the screen; blessed writes only the cells that differ. Terminal
 * descriptions of the system are not asked but for `xterm` and `linux`: blessed stumbles over newer ones (xterm-256color of
 * some systems), and everything else that a person looks at understands xterm.
 */
export function openScreen({ input, output, term, color, unicode, onKey, onResize }: ScreenInput): Screen {
  const screen = blessed.screen({
    input, output, terminal: term === 'linux' ? 'linux' : 'xterm',
    smartCSR: true, fullUnicode: unicode, forceUnicode: unicode, dockBorders: false, warnings: false, sendFocus: false,
  } as unknown as blessed.Widgets.IScreenOptions);
  const box = blessed.box({ parent: screen, top: 0, left: 0, width: '100%', height: '100%', tags: true, wrap: false });
  const styles = color ? COLORS : NO_COLORS;
  let shown = '';
  let open = true;
  screen.on('keypress', (char: string | undefined, key: { full?: string; name?: string } | undefined) => {
    // blessed tells Enter twice: as `enter` and as `return`.
    if (key?.name !== 'return') onKey({ name: key?.full ?? '', char: char ?? '' });
  });
  screen.on('resize', () => {
    shown = '';
    onResize();
  });
  return {
    size: () => ({ columns: Number(screen.width), rows: Number(screen.height) }),
    show(lines) {
      const content = lines.map((line) => line.map(({ text, style }) => tagged(text, styles[style])).join('')).join('\n').replaceAll(ALIGN, NO_ALIGN);
      if (!open || content === shown) return;
      shown = content;
      box.setContent(content);
      screen.render();
    },
    redraw() {
      if (!open) return;
      screen.realloc();
      screen.render();
    },
    close() {
      if (!open) return;
      open = false;
      screen.destroy();
    },
  };
}

/** `{|}` pushes what follows to the right, escaped or not: something that is not seen goes between. */
const ALIGN = '{open}|{close}';
const NO_ALIGN = '{open}{bold}{/bold}|{close}';

/** Nothing in a text may be taken for a tag of blessed's, or reach the terminal as a control. */
function tagged(text: string, tag: string): string {
  const plain = blessed.escape(text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?'));
  return tag === '' ? plain : `{${tag}}${plain}{/${tag}}`;
}
