import { assertEquals } from "@std/assert";
import { formatCount, formatRatio, formatTime } from "../../bench/compare/report/units.ts";

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
