/**
 * Shares the newest value. One process publishes the position of a car, and never waits. Watchers
 * read the newest position when they have time.
 *
 *     deno run --allow-ffi examples/latest_value.ts drive --name car --laps 100
 *     deno run --allow-ffi examples/latest_value.ts watch --name car --laps 100
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { LatestValue, type LatestWriter, struct, type WriterState } from "@winipc/winipc";

const fields = { lap: "u32", angle: "f64", check: "f64" } as const;
/** The position of a car. A watcher never reads `angle` of one value with `lap` of another. */
export const Car = struct(fields);

/** The counts and the last state of a watcher. */
export interface Seen {
  /** The number of values that it read. */
  values: number;
  /** The number of torn values, which would mix the fields of two values. */
  torn: number;
  /** The lap of the last value. */
  lap: number;
  /** The state of the driver's process at the end. */
  driver: WriterState;
}

/** The number of values in a lap. */
export const STEPS = 1000;

/** Publishes the values of one lap. */
export function driveLap(writer: LatestWriter<typeof fields>, lap: number): void {
  const { value } = writer;
  for (let step = 0; step < STEPS; step++) {
    value.lap = lap;
    value.angle = step / STEPS;
    value.check = lap + value.angle;
    writer.publish();
  }
}

/** Drives `laps` laps. A slow watcher misses most values, but never the last one. */
export async function drive(name: string, laps: number): Promise<void> {
  // If the driver starts again, it opens the value that its watchers still have open.
  using value = LatestValue.openOrCreate(name, Car);
  using writer = value.writer();
  for (let lap = 1; lap <= laps; lap++) {
    driveLap(writer, lap);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await untilTheInputEnds();
}

/** Reads values until the car has driven `laps` laps, or the driver is closed or dead. */
export async function watch(name: string, laps: number, signal: AbortSignal): Promise<Seen> {
  using value = await LatestValue.waitFor(name, Car, { signal });
  using reader = value.reader();
  const seen: Seen = { values: 0, torn: 0, lap: 0, driver: "none" };
  for await (const { lap, angle, check } of reader.changes({ signal })) {
    seen.values++;
    if (check !== lap + angle) seen.torn++;
    seen.lap = lap;
    if (lap === laps && angle === (STEPS - 1) / STEPS) break;
  }
  seen.driver = reader.writer;
  return seen;
}

async function untilTheInputEnds(): Promise<void> {
  for await (const _ of Deno.stdin.readable);
}

if (import.meta.main) {
  const { _: [role], name, laps, timeout } = parseArgs(Deno.args, {
    string: ["name", "laps", "timeout"],
    default: { name: "winipc-car", laps: "100", timeout: "30000" },
  });
  if (role === "drive") {
    console.log(`Driving ${laps} laps, and waiting until the standard input ends`);
    await drive(name, Number(laps));
  } else if (role === "watch") {
    const signal = AbortSignal.timeout(Number(timeout));
    const { values, torn, lap, driver } = await watch(name, Number(laps), signal);
    if (driver !== "alive") console.log(`The driver is ${driver}`);
    console.log(`Read ${values} values up to lap ${lap}, ${torn} were torn`);
  } else {
    console.error("Usage: latest_value.ts drive|watch [--name NAME] [--laps N] [--timeout MS]");
    Deno.exit(2);
  }
}
