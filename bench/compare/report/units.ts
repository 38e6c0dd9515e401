/**
 * Writes quantities with three significant digits and their units.
 *
 * @module
 */

type Unit = readonly [size: number, name: string];

const TIMES: readonly Unit[] = [[1, "ns"], [1e3, "µs"], [1e6, "ms"], [1e9, "s"]];
const COUNTS: readonly Unit[] = [[1, ""], [1e3, "k"], [1e6, "M"], [1e9, "G"]];
const BYTES: readonly Unit[] = [[1, "B"], [1e3, "kB"], [1e6, "MB"], [1e9, "GB"], [1e12, "TB"]];
const LENGTHS: readonly Unit[] = [[1, "B"], [2 ** 10, "KiB"], [2 ** 20, "MiB"], [2 ** 30, "GiB"]];

/** Writes a time in nanoseconds, as in `1.25 µs`. */
export function formatTime(nanoseconds: number): string {
  return format(nanoseconds, TIMES);
}

/** Writes a count, as in `12.5 M`. */
export function formatCount(count: number): string {
  return format(count, COUNTS);
}

/** Writes a number of bytes with decimal units, as in `98.5 MB`. */
export function formatBytes(bytes: number): string {
  return format(bytes, BYTES);
}

/** Writes a ratio, as in `1.25`. */
export function formatRatio(ratio: number): string {
  return digits(ratio);
}

/** Writes the length of a frame or of a mapping with binary units, as in `64 KiB`. */
export function formatLength(bytes: number): string {
  const [size, name] = LENGTHS.findLast(([size]) => bytes >= size) ?? [1, "B"];
  return `${Number((bytes / size).toFixed(1))} ${name}`;
}

/** Writes a value at an axis without zeros at its end, as in `10 µs`. */
export function formatTick(value: number, write: (value: number) => string): string {
  return write(value).replace(/\.0+(?=\D|$)/, "").replace(/(\.\d*[1-9])0+(?=\D|$)/, "$1");
}

function format(value: number, units: readonly Unit[]): string {
  const rounded = Number(value.toPrecision(3));
  const [size, name] = units.findLast(([size]) => rounded >= size) ?? [1, units[0]?.[1] ?? ""];
  return `${digits(rounded / size)} ${name}`.trim();
}

/** Writes three significant digits without an exponent. */
function digits(value: number): string {
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(3));
  const power = Math.floor(Math.log10(Math.abs(rounded)));
  return rounded.toFixed(Math.max(0, 2 - power));
}
