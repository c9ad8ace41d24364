'use strict';

/** Figures as the rest of the report says them: three digits that matter, the unit always there. @param {number} value */
const digits = (value) => (value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : String(Math.round(value)));

/** 2,293   12.3k   4.5M @param {number} value */
function countText(value) {
  if (value >= 999500) return `${(value / 1e6).toPrecision(3)}M`;
  if (value >= 10000) return `${value >= 99950 ? Math.round(value / 1000) : (value / 1000).toFixed(1)}k`;
  if (value >= 1000) return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value));
}

/** @param {number} ms */
const timeText = (ms) => (ms === 0 ? '0 ms' : ms < 0.9995 ? `${digits(ms * 1000)} µs` : ms < 999.5 ? `${digits(ms)} ms` : `${digits(ms / 1000)} s`);

/** @type {Record<string, (value: number) => string>} */
const FIGURES = {
  'req/s': (v) => `${countText(v)} req/s`,
  'a second': (v) => `${countText(v)} a second`,
  ms: timeText,
  share: (v) => `${(v * 100).toFixed(v > 0 && v < 0.0995 ? 1 : 0)}%`,
  cores: (v) => `${v.toFixed(2)} ${v === 1 ? 'core' : 'cores'}`,
  threads: (v) => `${v.toFixed(2)}`,
  sockets: (v) => countText(v),
  MB: (v) => `${digits(v)} MB`,
};

/** Ticks of an axis: round numbers, short. @type {Record<string, (value: number) => string>} */
const TICKS = {
  ms: (v) => (v >= 1000 ? `${+(v / 1000).toFixed(2)} s` : `${+v.toFixed(2)} ms`),
  share: (v) => `${+(v * 100).toFixed(1)}%`,
  MB: (v) => `${axisCount(v)} MB`,
};

/** 0.5   20   2.5k   40k   1M @param {number} v */
const axisCount = (v) => (v >= 1e6 ? `${+(v / 1e6).toFixed(2)}M` : v >= 1000 ? `${+(v / 1000).toFixed(2)}k` : String(+v.toFixed(2)));

/** @param {number} value @param {string} unit */
const figureText = (value, unit) => (FIGURES[unit] ?? countText)(value);
/** @param {number} value @param {string} unit */
const tickText = (value, unit) => (TICKS[unit] ?? axisCount)(value);

/**
 * An element with text in it; text is text, whatever it holds.
 * @template {keyof HTMLElementTagNameMap} K @param {K} name @param {string} className @param {(string | Node)[]} content @returns {HTMLElementTagNameMap[K]}
 */
function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  made.append(...content);
  return made;
}

/** @param {string} id */
const byId = (id) => document.getElementById(id);
