/** Colours from one accent: what stands on it, and what of it can be read on the page, by WCAG contrast. */

const WHITE = [255, 255, 255];
const INK = [23, 26, 31];
const LEGIBLE = 4.5;

/** `#rrggbb` → [r, g, b]; null when it is none. @param {string} hex */
export function parse(hex) {
  return /^#[0-9a-f]{6}$/i.test(hex) ? [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) : null;
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG contrast of two colours, 1 to 21. */
export function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const mix = (a, b, share) => a.map((v, i) => Math.round(v + (b[i] - v) * share));
const css = (rgb) => `rgb(${rgb.join(" ")})`;

/** The accent, moved toward `pole` until it can be read on `ground`. */
export function legible(accent, ground, pole) {
  let share = 0;
  while (share < 1 && contrast(mix(accent, pole, share), ground) < LEGIBLE) share += 0.05;
  return mix(accent, pole, Math.min(share, 1));
}

/**
 * Custom properties for an accent on a page of the given ground.
 * @param {string} hex
 * @param {boolean} dark
 */
export function palette(hex, dark) {
  const accent = parse(hex) ?? parse("#3457d5");
  const ground = dark ? [24, 27, 32] : WHITE;
  // A near-black accent would vanish on a dark page and a near-white one on a light page.
  const fill = contrast(accent, ground) < 1.6 ? mix(accent, dark ? WHITE : INK, 0.35) : accent;
  const on = contrast(fill, WHITE) >= LEGIBLE ? WHITE : INK;
  const bubble = contrast(fill, on) < LEGIBLE ? legible(fill, on, on === WHITE ? INK : WHITE) : fill;
  return {
    "--accent": css(bubble),
    "--on-accent": css(on),
    "--accent-ink": css(legible(accent, dark ? [36, 40, 47] : [243, 244, 246], dark ? WHITE : INK)),
    "--accent-soft": css(mix(ground, accent, dark ? 0.24 : 0.09)),
  };
}
