/** Numbers and moments as the viewer writes them. */
const integers = new Intl.NumberFormat();
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const times = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
// Days of insights are days in UTC.
const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });

export const NONE = "–";

export const count = (n) => (n === null || n === undefined ? NONE : integers.format(n));
export const decimal = (x, digits = 3) =>
  x === null || x === undefined
    ? NONE
    : x.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const share = (x, digits = 1) =>
  x === null || x === undefined
    ? NONE
    : x.toLocaleString(undefined, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });
export const moment = (iso) => (iso ? moments.format(new Date(iso)) : NONE);
export const time = (date) => times.format(date);
export const day = (iso) => days.format(new Date(iso));

/** "1 product", "2 products" */
export const some = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

const UNITS = [
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** 90 seconds are "2 minutes", 5400 "1.5 hours", 61 days "61 days". */
export function lasting(seconds) {
  if (seconds === null || seconds === undefined) return NONE;
  const [length, word] = UNITS.find(([unit]) => seconds >= unit) ?? UNITS.at(-1);
  const long = seconds / length;
  const rounded = long < 10 && length > 60 ? Math.round(long * 10) / 10 : Math.round(long);
  return some(rounded, word);
}

/** How long ago, from a moment that the server told. */
export const age = (iso, now = Date.now()) => (iso ? lasting(Math.max(0, (now - Date.parse(iso)) / 1000)) : NONE);
