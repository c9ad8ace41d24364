import type { Frame } from '../types.js';

/**
 * Which frames of a stack (innermost first) answer for its time: the innermost stretch of the program's own code and all
 * that it called. Who called that stretch through a framework answers for nothing:
 *
 *   render_annotated  django/template/base.py   owned   called by the view
 *   index             shop/views.py             owned   the program's own, innermost
 *   get_response      django/core/handlers      -       a framework between
 *   __call__          shop/middleware.py        -       hands on to the view
 *   run               wsgiref                   -
 *   main              manage.py                 -       starts the server; lasts as long as it does
 *
 * A stack without code of the program is the framework's own: nobody of the program answers for it.
 */
export function owned(frames: readonly Frame[]): boolean[] {
  const launcherFrom = startOfLaunch(frames);
  const innermost = frames.findIndex((frame, i) => i < launcherFrom && isProgram(frame));
  if (innermost < 0) return frames.map(() => false);
  let end = innermost;
  while (end + 1 < launcherFrom && isProgram(frames[end + 1] as Frame)) end += 1;
  return frames.map((_, i) => i <= end);
}

const isProgram = (frame: Frame): boolean => frame.origin === 'app';

/** What brings a script up, and modules' own code: run once, before the first request. */
const BRINGS_UP = /\/(?:runpy|threading)\.py$|^<frozen /;
const isBringingUp = (frame: Frame): boolean => frame.name === '<module>' || (frame.file !== null && BRINGS_UP.test(frame.file));

/** Parts of the standard library that serve: the program hands its main thread over to them. */
const SERVES = /\/(?:socketserver|asyncore|selectors|sched|cmd)\.py$|\/(?:asyncio|wsgiref|http|xmlrpc|concurrent|multiprocessing)\//;

/**
 * Index from which on the frames only start the server: the outermost code of the program, when it calls a framework
 * or a server. Where it calls the program's own all the way (a server by hand), it stays.
 */
function startOfLaunch(frames: readonly Frame[]): number {
  let at = frames.length;
  while (at > 0 && isBringingUp(frames[at - 1] as Frame)) at -= 1;
  let first = at;
  while (first > 0 && isProgram(frames[first - 1] as Frame)) first -= 1;
  const next = frames[first - 1];
  const handsOver = next !== undefined && (next.origin === 'dependency' || (next.file !== null && SERVES.test(next.file)));
  // A thread's own function is called by threading.py: it works, whatever it calls.
  const isThread = frames[at]?.file?.endsWith('/threading.py') ?? false;
  return handsOver && !isThread ? first : at;
}
