/**
 * Begins so many writes that the last ones need a thread, which cannot start here. Then writes to
 * the same pipes again, and reads everything. Prints the error of a wait that has failed, and the
 * number of wrong bytes.
 *
 * @module
 */

import { FileReader } from "../../../src/io/reader.ts";
import { FileWriter } from "../../../src/io/writer.ts";
import { soon } from "../../support/soon.ts";
import { BUFFER_SIZE, makePipe } from "../pipe_pair.ts";

import { refuseThreads } from "../../support/refuse_threads.ts";

refuseThreads();

/** More pipes than there are registered waits and threads of the pool for waits. */
const PIPES = 24 + 2 * navigator.hardwareConcurrency;
const LENGTH = 3 * BUFFER_SIZE;

const ends = Array.from({ length: PIPES }, () => {
  const { client, server, label } = makePipe();
  const options = { label, hasMessages: false };
  return { writer: new FileWriter(client, options), reader: new FileReader(server, options) };
});
const names = new Set<string>();
const write = (value: number, length: number) =>
  Promise.all(ends.map(async ({ writer }) => {
    try {
      await writer.write(new Uint8Array(length).fill(value), { timeout: 500 });
    } catch (error) {
      if (error instanceof Error) names.add(error.name);
    }
  }));
await write(1, LENGTH);
// These writes need more memory, and none may free the memory of a write that goes on.
await write(2, 4 * LENGTH);
names.delete("TimedOut");
console.log([...names].join());

let wrong = 0;
for (const { reader } of ends) {
  for (let length = 0; length < LENGTH;) {
    const piece = await reader.next(soon);
    if (piece === undefined) throw new Error("The pipe has ended");
    for (const byte of piece.bytes.subarray(0, LENGTH - length)) wrong += byte === 1 ? 0 : 1;
    length += piece.bytes.length;
    reader.skip(piece.bytes.length);
  }
}
console.log(`${wrong} wrong`);
Deno.exit();
