/**
 * Uses the locks of a `State`. Argument: the name of the memory. It reads commands from its input,
 * and writes an answer for each:
 *
 *   count N    adds 1 to the count N times, under the lock, by `lockSync()`
 *   await N    the same by `lock()`
 *   write N    adds 1 to both numbers of the pair N times, under the lock for writing
 *   read N     compares the numbers of the pair N times, under the lock for reading
 *   hold, hold-read, hold-write    takes a lock and keeps it
 *   release    releases the lock of `hold`
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { SharedMemory } from "../../../../src/memory/mod.ts";
import { SLOWNESS } from "../../../support/slowness.ts";
import { State } from "./state.ts";

const [name] = Deno.args as [string];
const soon = { timeout: 60_000 * SLOWNESS };
using memory = SharedMemory.open(name, { access: "readwrite" });
using view = memory.map();
const state = State.view(view);
let held: Disposable | undefined;

console.log("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(
  new TextLineStream(),
);
for await (const line of lines) {
  const [command, number] = line.split(" ");
  console.log(await answer(command!, Number(number)));
}

async function answer(command: string, times: number): Promise<string> {
  let abandoned = 0;
  switch (command) {
    case "count":
      for (let i = 0; i < times; i++) {
        const lock = state.lock.lockSync(soon);
        state.count++;
        if (lock.abandoned) abandoned++;
        lock.release();
      }
      return `counted ${abandoned}`;
    case "await":
      for (let i = 0; i < times; i++) {
        using lock = await state.lock.lock(soon);
        if (lock.abandoned) abandoned++;
        state.count++;
      }
      return `counted ${abandoned}`;
    case "write":
      for (let i = 0; i < times; i++) {
        using lock = i % 2 === 0
          ? state.pair.lockWriteSync(soon)
          : await state.pair.lockWrite(soon);
        if (lock.abandoned) abandoned++;
        state.first++;
        state.second++;
      }
      return `counted ${abandoned}`;
    case "read": {
      let torn = 0;
      for (let i = 0; i < times; i++) {
        using _lock = i % 2 === 0 ? state.pair.lockReadSync(soon) : await state.pair.lockRead(soon);
        if (state.first !== state.second) torn++;
      }
      return `torn ${torn}`;
    }
    case "hold":
      held = state.lock.lockSync(soon);
      return "held";
    case "hold-read":
      held = state.pair.lockReadSync(soon);
      return "held";
    case "hold-write":
      held = state.pair.lockWriteSync(soon);
      return "held";
    default:
      held?.[Symbol.dispose]();
      return "released";
  }
}
