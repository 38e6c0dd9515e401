/**
 * The tables of how cost grows, and the text about them.
 *
 * @module
 */

import { NO_VALUE, table } from "./markdown.ts";
import type { GrowthSeries } from "../results.ts";
import { median } from "../median.ts";
import { formatBytes, formatCount, formatLength, formatRatio, formatTime } from "./units.ts";

/** The series that only a C compiler makes, by the thing that grows. */
const NEEDS_C: Readonly<Record<string, readonly string[]>> = {
  "bytes of a message": ["C ring", "memcpy"],
};

/** Describes how growth was measured. */
export function describeGrowth(growth: readonly GrowthSeries[]): string {
  const launches = growth.flatMap(({ points }) => points.map(({ y }) => y.length));
  const [least, most] = [Math.min(...launches), Math.max(...launches)];
  const values = most === 1
    ? "The values are of one launch."
    : `The values are medians of ${least === most ? most : `${least} to ${most}`} launches.`;
  return `${values} The receiver checked the number of each message, and its first and last bytes.
    Producers are Workers in two processes, and receivers are Workers in one.`;
}

/** Names each series of C that these results lack. */
export function describeMissingGrowth(growth: readonly GrowthSeries[]): string[] {
  return Object.entries(NEEDS_C).flatMap(([of, names]) => {
    const measured = growth.filter((series) => series.of === of).map(({ name }) => name);
    if (measured.length === 0) return [];
    return names
      .filter((name) => !measured.includes(name))
      .map((name) => `${name}, by ${of}: there was no C compiler`);
  });
}

/** Writes a table for each thing that grows, and each unit of its cost. */
export function writeGrowth(growth: readonly GrowthSeries[]): string {
  const groups = Map.groupBy(growth, (series) => `${series.of}: ${nameUnit(series.unit)}`);
  return [...groups].flatMap(([title, group]) => {
    const numbers = [...new Set(group.flatMap(({ points }) => points.map(({ x }) => x)))];
    const rows = numbers.sort((a, b) => a - b).map((number) => [
      formatNumber(number, group[0]?.of ?? ""),
      ...group.map(({ unit, points }) => {
        const values = points.find(({ x }) => x === number)?.y ?? [];
        return values.length > 0 ? formatValue(median(values), unit) : NO_VALUE;
      }),
    ]);
    if (rows.length === 0) return [];
    const columns = [group[0]?.of ?? "", ...group.map(({ name }) => name)];
    return [
      `### By ${title}`,
      table(columns.map((title) => ({ title, isNumeric: true })), rows),
    ];
  }).join("\n\n");
}

/** Writes a number of the growing things `of`. */
export function formatNumber(number: number, of: string): string {
  return of.startsWith("bytes") ? formatLength(number) : `${number}`;
}

/** Writes a cost with its unit. */
export function formatValue(value: number, unit: string): string {
  switch (unit) {
    case "nanoseconds":
      return formatTime(value);
    case "bytes":
    case "bytes a second":
      return formatBytes(value);
    case "percent":
      return `${formatRatio(value)} %`;
    default:
      return formatCount(value);
  }
}

/** Names a unit as the report does, which calls a frame a message. */
export function nameUnit(unit: string): string {
  if (unit === "nanoseconds") return "time";
  return unit.replace("frames", "messages");
}
