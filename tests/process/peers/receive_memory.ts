/**
 * Listens in a window of the class that is named and takes the memories that it is sent: tells
 * what it got, and answers the first byte, after adding one to it where it may write. A tag of
 * 13 is refused; a tag of 14 ends the process in the middle.
 *
 * @module
 */

import { CopyDataListener, receiveHandle } from "../../../mod.ts";

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
