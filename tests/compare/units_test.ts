import { assertEquals } from "@std/assert";
import {
  formatBytes,
  formatCount,
  formatLength,
  formatRatio,
  formatTick,
  formatTime,
} from "../../bench/compare/report/units.ts";

Deno.test("formatRatio() writes three significant digits", () => {
  const ratios = [0, 0.00412, 0.0123, 0.75, 0.9996, 1, 9.999, 94.5, 1220, 12_345];
  assertEquals(ratios.map(formatRatio), [
    "0",
    "0.00412",
    "0.0123",
    "0.750",
    "1.00",
    "1.00",
    "10.0",
    "94.5",
    "1220",
    "12300",
  ]);
});

Deno.test("formatTime() and formatCount() take the unit of the rounded value", () => {
  assertEquals([0, 0.5, 999.4, 999.6, 1e6].map(formatTime), [
    "0 ns",
    "0.500 ns",
    "999 ns",
    "1.00 µs",
    "1.00 ms",
  ]);
  assertEquals([150, 999.9, 2.5e6].map(formatCount), ["150", "1.00 k", "2.50 M"]);
});

Deno.test("formatBytes() takes decimal units, and formatLength() binary ones", () => {
  assertEquals([8, 65_536, 98.5e6, 2e12].map(formatBytes), [
    "8.00 B",
    "65.5 kB",
    "98.5 MB",
    "2.00 TB",
  ]);
  assertEquals([8, 1024, 1536, 65_536, 2 ** 20, 2 ** 33].map(formatLength), [
    "8 B",
    "1 KiB",
    "1.5 KiB",
    "64 KiB",
    "1 MiB",
    "8 GiB",
  ]);
});

Deno.test("formatTick() writes no zeros at the end of a fraction", () => {
  const ticks = [100, 1000, 1500, 1250, 10_000, 1e6].map((time) => formatTick(time, formatTime));
  assertEquals(ticks, ["100 ns", "1 µs", "1.5 µs", "1.25 µs", "10 µs", "1 ms"]);
});
