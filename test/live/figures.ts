import stringWidth from 'string-width';
import type { Figures, Line } from '../../src/live/types.js';
import { bar, sparkline } from '../../src/report/bars.js';
import { count, percent, perRequest, time } from '../../src/report/numbers.js';
import { cutMiddle } from '../../src/report/safe-text.js';

/** As the command line gives them. */
export const figures: Figures = { count, percent, perRequest, time, bar, sparkline, cut: cutMiddle, width: stringWidth, dash: '–' };

export const textOf = (lines: readonly Line[]): string[] => lines.map((line) => line.map(({ text }) => text).join(''));
