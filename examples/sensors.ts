/**
 * Shares what a machine measures, so that the command winipc has something to show: values in
 * shared memory, a log in a broadcast ring, and an event that stops the script.
 *
 *     deno run --allow-ffi examples/sensors.ts --name press
 *     winipc ls 'press*'
 *     winipc watch press --schema examples/sensors.json
 *     winipc tail press.log
 *     winipc send event:press.stop
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { BroadcastRing, SharedEvent, SharedMemory, struct, utf8 } from "@winipc/winipc";

/** The values in the memory. `sensors.json` describes the same layout for the command. */
export const Sensors = struct({
  state: utf8(16),
  tick: "u32",
  temperature: "f32",
  pressure: "f32",
  load: "f32",
});

const encoder = new TextEncoder();

/** The time between two measurements, in milliseconds. */
const INTERVAL = 100;

/**
 * Shares measurements until the event is set. Returns the number of measurements.
 *
 * @throws {Deno.errors.AlreadyExists} If another process has one of the names.
 */
export async function measure(name: string): Promise<number> {
  using memory = SharedMemory.create(name, Sensors.byteLength);
  using view = memory.map();
  using log = BroadcastRing.create(`${name}.log`);
  using sender = log.sender();
  using stop = SharedEvent.create(`${name}.stop`, { reset: "manual" });
  console.log(`Sharing ${name} and ${name}.log until the event ${name}.stop is set`);
  const values = Sensors.view(view);
  values.state = "running";
  let stopped = false;
  const stopping = stop.wait().then(() => stopped = true);
  while (!stopped) {
    const tick = values.tick + 1;
    values.temperature = 60 + 8 * Math.sin(tick / 40);
    values.pressure = 2.4 + 0.3 * Math.cos(tick / 25);
    values.load = (1 + Math.sin(tick / 15)) / 2;
    values.tick = tick;
    if (tick % 10 === 0) {
      sender.send(encoder.encode(`tick ${tick}: ${values.temperature.toFixed(1)} °C`));
    }
    await Promise.race([stopping, new Promise((resolve) => setTimeout(resolve, INTERVAL))]);
  }
  return values.tick;
}

if (import.meta.main) {
  const { name } = parseArgs(Deno.args, { string: ["name"] });
  if (!name) {
    console.error("Usage: sensors.ts --name NAME");
    Deno.exit(2);
  }
  try {
    console.log(`Stopped after ${await measure(name)} measurements`);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    console.error(
      `Another process shares ${name} already: winipc send event:${name}.stop stops it; or take ` +
        "another --name",
    );
    Deno.exit(1);
  }
}
