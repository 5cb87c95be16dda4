// Times as people say them.

const MINUTE = 60_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export const exact = (iso) => full.format(new Date(iso));
export const hour = (iso) => clock.format(new Date(iso));
export const date = (iso) => day.format(new Date(iso));

/** "now", "4 min", "3 h", "2 d". */
export function since(iso, now = Date.now()) {
  const minutes = Math.floor((now - Date.parse(iso)) / MINUTE);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / 1440)} d`;
}

/** How urgent a wait is: calm, long (over 5 minutes) or late (over 15). */
export function strain(iso, now = Date.now()) {
  const minutes = (now - Date.parse(iso)) / MINUTE;
  if (minutes >= 15) return "late";
  return minutes >= 5 ? "long" : "calm";
}

export function opens(iso) {
  const moment = new Date(iso);
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? hour(iso) : `${date(iso)}, ${hour(iso)}`;
}
