/**
 * A peer that executes commands on shared memory. It reads one command with arguments from each
 * line, and answers with one line: the result, or `error CLASS`.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { type MappedView, type MemoryAccess, SharedMemory } from "../../../src/memory/mod.ts";

let memory: SharedMemory | undefined;
let view: MappedView | undefined;
const held: SharedMemory[] = [];

const commands: Record<string, (...args: string[]) => string> = {
  create(name, byteLength) {
    memory = SharedMemory.create(name!, Number(byteLength));
    return `${memory.byteLength}`;
  },
  open(name, access) {
    memory = SharedMemory.open(name!, { access: access as MemoryAccess });
    return `${memory.byteLength}`;
  },
  /** Takes over a handle that was put into this process. */
  adopt(value) {
    memory = SharedMemory.fromHandle(BigInt(value!));
    return `${memory.byteLength} ${memory.access}`;
  },
  /**
   * Opens or creates many memories, initialises each with its number, and counts the created ones.
   */
  race(prefix, count) {
    let made = 0;
    for (let i = 0; i < Number(count); i++) {
      const memory = SharedMemory.openOrCreate(`${prefix}-${i}`, 4, {
        initialize: (view) => new Int32Array(view.buffer)[0] = i + 1,
      });
      held.push(memory);
      using view = memory.map();
      const number = new Int32Array(view.buffer)[0];
      if (number !== i + 1) throw new Error(`${number} in memory ${i}`);
      if (memory.created) made++;
    }
    return `${made}`;
  },
  /** Opens memory, or creates it and initialises its first and last byte. */
  initialize(name, byteLength) {
    memory = SharedMemory.openOrCreate(name!, Number(byteLength), {
      initialize: (view) => {
        view.bytes[0] = 1;
        view.bytes[view.bytes.length - 1] = 1;
      },
    });
    using view = memory.map();
    return `${memory.created} ${view.bytes[0]} ${view.bytes[Number(byteLength) - 1]}`;
  },
  /**
   * Starts to initialise memory and never ends, so that the test can kill the process in this
   * state.
   */
  stall(name) {
    SharedMemory.openOrCreate(name!, 4096, {
      initialize: (view) => {
        view.bytes[0] = 99;
        console.log("stalled");
        for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      },
    });
    return "";
  },
  map(offset, byteLength, access) {
    view = memory!.map({
      offset: Number(offset),
      byteLength: Number(byteLength),
      ...(access === undefined ? {} : { access: access as MemoryAccess }),
    });
    return `${view.byteLength}`;
  },
  read(index) {
    return `${view!.bytes[Number(index)]}`;
  },
  write(index, value) {
    view!.bytes[Number(index)] = Number(value);
    return "written";
  },
  /** Adds 1 to the first Int32 many times, atomically. */
  count(times) {
    const numbers = new Int32Array(view!.buffer);
    for (let i = 0; i < Number(times); i++) Atomics.add(numbers, 0, 1);
    return "counted";
  },
  close() {
    view?.close();
    memory?.close();
    return "closed";
  },
};

console.log("ready");
const lines = Deno.stdin.readable
  .pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const [name, ...args] = line.split(" ");
  try {
    console.log(commands[name!]!(...args));
  } catch (error) {
    console.log(`error ${error instanceof Error ? error.name : error}`);
  }
}
