/**
 * The newest value: one process tells where a car is, as often as it likes; others look when they have
 * time.
 *
 *     deno run --allow-ffi examples/latest_value.ts drive --name car --laps 100
 *     deno run --allow-ffi examples/latest_value.ts watch --name car --laps 100
 *
 * (In a local checkout `watch` needs `--allow-read` as well, for its thread.)
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { LatestValue, type LatestWriter, struct, type WriterState } from "@winipc/winipc";

const fields = { lap: "u32", angle: "f64", check: "f64" } as const;
/** Where a car is; `angle` belongs to `lap`, and nobody ever sees one without the other. */
export const Car = struct(fields);

/** What a watcher has seen. */
export interface Seen {
  /** How many values it looked at. */
  values: number;
  /** How many of them were put together from two. */
  torn: number;
  /** The lap of the last one. */
  lap: number;
  /** How it was with the driver at the end. */
  driver: WriterState;
}

/** How many values a lap has. */
export const STEPS = 1000;

/** Drives a lap. */
export function driveLap(writer: LatestWriter<typeof fields>, lap: number): void {
  const { value } = writer;
  for (let step = 0; step < STEPS; step++) {
    value.lap = lap;
    value.angle = step / STEPS;
    value.check = lap + value.angle;
    writer.publish();
  }
}

/** Drives some laps; a watcher that has to rest misses most of the values, and never the last. */
export async function drive(name: string, laps: number): Promise<void> {
  // A driver that starts again finds the value that its watchers still hold.
  using value = LatestValue.openOrCreate(name, Car);
  using writer = value.writer();
  for (let lap = 1; lap <= laps; lap++) {
    driveLap(writer, lap);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await untilTheInputEnds();
}

/** Watches a car until it has driven some laps, or its driver has left or was killed. */
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
    console.log(`Driving ${laps} laps, and staying until the input ends`);
    await drive(name, Number(laps));
  } else if (role === "watch") {
    const signal = AbortSignal.timeout(Number(timeout));
    const { values, torn, lap, driver } = await watch(name, Number(laps), signal);
    if (driver !== "alive") console.log(`The driver is ${driver}`);
    console.log(`Looked at ${values} values up to lap ${lap}, ${torn} of them torn`);
  } else {
    console.error("Usage: latest_value.ts drive|watch [--name NAME] [--laps N] [--timeout MS]");
    Deno.exit(2);
  }
}
