/**
 * Shares a struct that a C program can use, too. One process writes the struct, and another process
 * reads it.
 *
 *     deno run --allow-ffi examples/struct.ts write --name telemetry --laps 3
 *     deno run --allow-ffi examples/struct.ts read --name telemetry
 *     deno run examples/struct.ts declare > telemetry.h
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { array, bits, safe, SharedMemory, struct, utf16, type ValueOf } from "@winipc/winipc";

/** Telemetry of a racing game. `layout` contains the layout's hash, which a reader checks first. */
export const Telemetry = struct({
  layout: "u64",
  frame: safe("u64"),
  track: utf16(32),
  position: array("f32", 3),
  pit: struct({ stops: "u8", seconds: "f32" }),
  wipers: bits("u32", 1),
  gear: bits("i32", 4),
});

/** A copy of the telemetry. */
export type TelemetryValue = ValueOf<typeof Telemetry>;

/** Writes sample telemetry. */
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
  // The hash is written last, so that no reader uses a half-written struct.
  telemetry.layout = Telemetry.layoutHash;
}

/** Waits until another process has written the telemetry, and returns a copy. */
export async function read(name: string, signal: AbortSignal): Promise<TelemetryValue> {
  using memory = await SharedMemory.waitFor(name, { access: "read", signal });
  using view = memory.map();
  const telemetry = Telemetry.view(view);
  while (telemetry.layout !== Telemetry.layoutHash) {
    if (telemetry.layout !== 0n) {
      throw new Deno.errors.InvalidData(`Expected "${name}" to have the layout of this version`);
    }
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
    console.log(`Wrote ${Telemetry.byteLength} bytes, keeping them until the standard input ends`);
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
