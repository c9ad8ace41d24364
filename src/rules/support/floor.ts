import type { HotFunctionsFact } from '../../types.js';
import { ownShare } from './hot-code.js';

/**
 * CPU of the plainest request under a common framework of an interpreted language, ms: Flask on gevent 0.2,
 * Django about 1. Without names, what costs less may be the framework alone; what costs more is not.
 */
export const NAMELESS_FLOOR_MS = 2;

/** A request this light runs at 20,000 a second and core: whatever fills the core, hardly anything of it is the app's. ms. */
export const LIGHT_REQUEST_MS = 0.05;

/** Own code (app and packages) on the CPU: below it a server runs on its runtime's floor, nothing of it is left to save. */
export const FLOOR_OWN_SHARE = 0.25;

/**
 * CPU of a hello world under Python's frameworks, ms (measured: gevent and eventlet 0.08, Tornado and aiohttp 0.12, Falcon
 * 0.15, Flask 0.2, Django 0.4). A request this light stands on its framework's floor when the program itself takes little of it.
 */
const FRAMEWORK_FLOOR_MS = 0.6;

/**
 * Share of the CPU that is not the floor. Where the profile tells who answers for what, and the request is as light as a
 * framework's own hello world, the framework is the floor as well; else only the runtime and the kernel are.
 */
export function aboveFloor(hot: HotFunctionsFact, msPerRequest: number | null): number {
  const program = hot.functions.filter((f) => f.frame.origin === 'app' && f.ownedShare !== undefined);
  const told = hot.functions.some((f) => f.ownedShare !== undefined);
  if (!told || msPerRequest === null || msPerRequest > FRAMEWORK_FLOOR_MS) return ownShare(hot);
  return Math.max(hot.byOrigin.app, ...program.map((f) => f.ownedShare ?? 0));
}
