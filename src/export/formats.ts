import type { StackProfile } from '../types.js';
import { cpuprofile } from './cpuprofile.js';
import type { FlameAssets } from './flame-fragment.js';
import { flameHtml } from './flame-html.js';
import { flameSvg } from './flame-svg.js';
import { folded } from './folded.js';
import { pprof } from './pprof.js';
import { speedscope } from './speedscope.js';

/** What a picture or file is about. */
export interface ExportOptions {
  /** For people: command, window, source. Untrusted text. */
  title: string;
  /** When the run was, ISO 8601. */
  createdAt: string;
  /** To compare with; null: nothing. Only for formats that say `diff`. */
  against: StackProfile | null;
  /** Script and style of pages, read when asked for. */
  assets(): FlameAssets;
  /** 0x's page, by 0x itself, where it is installed. */
  zeroX(profile: StackProfile, title: string): Promise<string>;
}

type Content = string | Uint8Array;

/** A way to write stacks down: a line in the table below. */
export interface Format {
  /** Of the file's name. */
  extension: string;
  /** What opens it. */
  opens: string;
  /** Can show two profiles against each other. */
  diff: boolean;
  render(profile: StackProfile, options: ExportOptions): Content | Promise<Content>;
}

/** A line a format. The first is the default. */
export const FORMATS = {
  html: { extension: 'html', opens: 'a browser', diff: true, render: (profile, { title, against, assets }) => flameHtml(profile, assets(), { title, other: against }) },
  svg: { extension: 'svg', opens: 'a browser', diff: true, render: (profile, { title, against }) => flameSvg(profile, { title, other: against }) },
  '0x': { extension: '0x.html', opens: 'a browser', diff: false, render: (profile, { title, zeroX }) => zeroX(profile, title) },
  folded: { extension: 'folded', opens: 'flamegraph.pl, inferno, speedscope', diff: false, render: folded },
  speedscope: { extension: 'speedscope.json', opens: 'speedscope.app, or npx speedscope FILE', diff: false, render: speedscope },
  pprof: { extension: 'pb.gz', opens: 'go tool pprof, Pyroscope, Parca, Grafana', diff: false, render: pprof },
  cpuprofile: { extension: 'cpuprofile', opens: 'Chrome DevTools (Performance), VS Code, speedscope', diff: false, render: cpuprofile },
} as const satisfies Record<string, Format>;
