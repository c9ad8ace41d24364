/**
 * CPU of the plainest request under a common framework of an interpreted language, ms: Flask on gevent 0.2,
 * Django about 1. Without names, what costs less may be the framework alone; what costs more is not.
 */
export const NAMELESS_FLOOR_MS = 2;

/** A request this light runs at 20,000 a second and core: whatever fills the core, hardly anything of it is the app's. ms. */
export const LIGHT_REQUEST_MS = 0.05;

/** Own code (app and packages) on the CPU: below it a server runs on its runtime's floor, nothing of it is left to save. */
export const FLOOR_OWN_SHARE = 0.25;
