import pc from 'picocolors';

export interface RenderOptions {
  /** Columns; texts are wrapped and tables cut to it. */
  width: number;
  color: boolean;
  /** False where the locale is not UTF-8: ASCII only. Default true. */
  unicode?: boolean;
}

type Paint = (text: string) => string;

/** What a section draws with. Colour is never the only carrier: each use stands beside a word or a sign. */
export interface Style {
  width: number;
  unicode: boolean;
  bold: Paint;
  dim: Paint;
  heading: Paint;
  bad: Paint;
  warn: Paint;
  good: Paint;
  plain: Paint;
  /** Separates items on one line. */
  dot: string;
  bullet: string;
  edge: string;
  yes: string;
  no: string;
  arrow: string;
  times: string;
  rule: string;
}

/** Beyond this, lines grow hard to follow and columns drift apart. */
const WIDEST = 120;
const NARROWEST = 40;

export function makeStyle({ width, color, unicode = true }: RenderOptions): Style {
  const c = pc.createColors(color);
  return {
    width: Math.min(WIDEST, Math.max(NARROWEST, Math.floor(width))),
    unicode,
    bold: c.bold,
    dim: c.dim,
    heading: c.cyan,
    bad: c.red,
    warn: c.yellow,
    good: c.green,
    plain: String,
    ...(unicode ? UNICODE : ASCII),
  };
}

const UNICODE = { dot: ' · ', bullet: '•', edge: '┃', yes: '✓', no: '✗', arrow: '→', times: '×', rule: '─' };
const ASCII = { dot: ' | ', bullet: '-', edge: '|', yes: 'yes', no: 'no', arrow: '->', times: 'x', rule: '-' };
