/**
 * A struct that programs in C lay out the same: one process writes it, another reads it.
 *
 *     deno run --allow-ffi examples/struct.ts write --name telemetry --laps 3
 *     deno run --allow-ffi examples/struct.ts read --name telemetry
 *     deno run examples/struct.ts declare > telemetry.h
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { array, bits, safe, SharedMemory, struct, utf16, type ValueOf } from "@winipc/winipc";

/** What a racing game tells its overlays; `layoutHash` is what both sides compare first. */
export const Telemetry = struct({
  layout: "u64",
  frame: safe("u64"),
  track: utf16(32),
  position: array("f32", 3),
  pit: struct({ stops: "u8", seconds: "f32" }),
  wipers: bits("u32", 1),
  gear: bits("i32", 4),
});

/** What is in it when it is copied out. */
export type TelemetryValue = ValueOf<typeof Telemetry>;

/** Writes what a car might tell. */
export function write(memory: SharedMemory, laps: number): void {
  using view = memory.map();
  const telemetry = Telemetry.view(view);
  telemetry.track = "Spa-Francorchamps";
  for (let lap = 1; lap <= laps; lap++) {
    telemetry.position.set(0, lap * 7.004);
    telemetry.gear = lap % 2 === 0 ? -1 : 7;
    telemetry.pit.stops = lap - 1;
    telemetry.frame += 60;
  }
  // Last, so that nobody takes a half-written struct for one that is there.
  telemetry.layout = Telemetry.layoutHash;
}

/** Reads the memory of a name, when somebody has written it. */
export async function read(name: string, signal: AbortSignal): Promise<TelemetryValue> {
  using memory = await SharedMemory.waitFor(name, { access: "read", signal });
  using view = memory.map();
  const telemetry = Telemetry.view(view);
  while (telemetry.layout !== Telemetry.layoutHash) {
    if (telemetry.layout !== 0n) throw new Deno.errors.InvalidData("The struct is another one");
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return Telemetry.read(view);
}

if (import.meta.main) {
  const { _: [role], name, laps, timeout } = parseArgs(Deno.args, {
    string: ["name", "laps", "timeout"],
    default: { name: "winipc-telemetry", laps: "3", timeout: "30000" },
  });
  const signal = AbortSignal.timeout(Number(timeout));
  if (role === "write") {
    using memory = SharedMemory.create(name, Telemetry.byteLength);
    write(memory, Number(laps));
    console.log(`Wrote ${Telemetry.byteLength} bytes; holding them until the input ends`);
    for await (const _ of Deno.stdin.readable);
  } else if (role === "read") {
    console.log(await read(name, signal));
  } else if (role === "declare") {
    console.log(`#include <stdbool.h>\n#include <stdint.h>\n#include <wchar.h>`);
    console.log(Telemetry.toC("Telemetry"));
  } else {
    console.error("Usage: struct.ts write|read|declare [--name NAME] [--laps N] [--timeout MS]");
    Deno.exit(2);
  }
}
