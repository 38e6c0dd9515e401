/**
 * The bytes of mapped memory: how long it takes to create and map memory.
 *
 * @module
 */

import { End, script } from "./end.ts";
import type { Growing, Measurement, Unmeasured } from "./growing.ts";

const UNIT = "nanoseconds";

/** The bytes of a mapping, from 1 MiB to 8 GiB. Only two of its pages are written. */
export const mappings: Growing = {
  of: "bytes of a mapping",
  units: { "SharedMemory": UNIT, "SharedMemory, reserved": UNIT },
  numbers: [2 ** 20, 2 ** 22, 2 ** 24, 2 ** 26, 2 ** 28, 2 ** 30, 2 ** 32, 2 ** 33],
  smokeNumbers: [2 ** 20, 2 ** 26],
  async *launch(lengths, signal) {
    await using end = await End.start(script("mapper"), signal);
    for (const x of lengths) {
      yield valueOf("SharedMemory", x, await end.ask("whole", x));
      yield valueOf("SharedMemory, reserved", x, await end.ask("reserved", x));
    }
  },
};

function valueOf(
  name: string,
  x: number,
  [y]: readonly number[],
): Measurement | Unmeasured {
  if (y !== undefined) return { name, x, y };
  return { name, x, why: "the system has too little memory" };
}
