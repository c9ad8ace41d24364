/**
 * What is evaluated in a running Node over its inspector. `require` is there only while the expression runs; what comes
 * later must never throw at the target.
 */

/** The target closes its port by itself after this, whatever becomes of those who opened it. */
const SELF_CLOSE_MS = 3000;

/** In the main thread, before anything else. */
export const CLOSE_LATER = `(() => {
  const inspector = require('inspector');
  setTimeout(() => { try { inspector.close(); } catch (_) {} }, ${String(SELF_CLOSE_MS)}).unref();
  return process.pid;
})()`;

/** Requires the preload as it would be from launch; in any thread. */
export const bring = (preload: string, dir: string): string => `(() => {
  const had = process.env.WHYSLOW_NODE_DIR;
  process.env.WHYSLOW_NODE_DIR = ${JSON.stringify(dir)};
  try { require(${JSON.stringify(preload)}); } finally {
    if (had === undefined) delete process.env.WHYSLOW_NODE_DIR; else process.env.WHYSLOW_NODE_DIR = had;
  }
  return true;
})()`;

/** A synchronous close would never reply. */
export const CLOSE_NOW = `(() => { const inspector = require('inspector'); setImmediate(() => { try { inspector.close(); } catch (_) {} }); return process.pid; })()`;
