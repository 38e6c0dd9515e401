/**
 * Listens in a window of the named class, and receives memory. Adds one to the first byte if it can
 * write, and answers this byte. Prints each memory's properties. Refuses the tag 13. The tag 14
 * ends the process before it answers.
 *
 * @module
 */

import { CopyDataListener } from "../../../src/messages/mod.ts";
import { receiveHandle } from "../../../src/process/mod.ts";

const [className, form] = Deno.args as [string, "push" | "pull" | undefined];
await using listener = await CopyDataListener.open({
  class: className,
  onMessage: (message) => {
    const { memory, tag } = receiveHandle(message, form === undefined ? {} : { form });
    using _memory = memory;
    if (tag === 13n) return 0;
    if (tag === 14n) Deno.exit(9);
    using view = memory.map();
    if (memory.access === "readwrite") view.bytes[0]!++;
    console.log(`${tag} ${memory.access} ${memory.byteLength} ${view.bytes[0]}`);
    return view.bytes[0]!;
  },
  onError: (error) => console.log(`refused ${error instanceof Error ? error.name : error}`),
});
console.log("ready");
await listener.finished;
