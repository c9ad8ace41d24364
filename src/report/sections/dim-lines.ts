import type { Style } from '../style.js';
import { wrapHanging } from '../wrap.js';

/** A remark below a table: wrapped, dim. */
export const dimLines = (text: string, style: Style): string[] => wrapHanging('  ', text, style.width).map(style.dim);
