/** Words and dates of a locale.  English is always there; the others are loaded when asked for. */

import en from "./locale-en.js";

const LOCALES = ["ar", "de", "en", "es", "fr", "he"];
const RTL = ["ar", "he"];

/** The first wanted language that we have. @param {(string|null|undefined)[]} wanted */
export function negotiate(wanted) {
  const languages = wanted.map((tag) => (tag ?? "").toLowerCase().split(/[-_]/)[0]);
  return languages.find((language) => LOCALES.includes(language)) ?? "en";
}

/**
 * @param {string} language one of LOCALES
 */
export async function load(language) {
  const words = language === "en" ? en : (await import(`./locale-${language}.js`).catch(() => ({ default: en }))).default;
  // "en" alone would mean American clocks to a British reader.
  const region = navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;
  const clock = new Intl.DateTimeFormat(region, { hour: "numeric", minute: "2-digit" });
  const date = new Intl.DateTimeFormat(region, { weekday: "long", day: "numeric", month: "long" });
  const near = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const midnight = (day) => new Date(day).setHours(0, 0, 0, 0);

  /** A phrase with its {gaps} filled. @param {keyof typeof en} key */
  function t(key, gaps = {}) {
    return (words[key] ?? en[key]).replace(/\{(\w+)\}/g, (_, name) => gaps[name] ?? "");
  }

  return {
    t,
    language,
    dir: RTL.includes(language) ? "rtl" : "ltr",
    time: (at) => clock.format(new Date(at)),
    day(at) {
      const days = Math.round((midnight(at) - midnight(Date.now())) / 86_400_000);
      return days > -2 ? near.format(Math.min(days, 0), "day") : date.format(new Date(at));
    },
    size(bytes) {
      const [unit, value] = bytes < 1e6 ? ["kilobyte", Math.ceil(bytes / 100) / 10] : ["megabyte", bytes / 1e6];
      return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
    },
  };
}
