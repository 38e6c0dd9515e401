/**
 * Takes inherited memory, and listens in a window of the named class. At each message it adds one
 * to the first byte, and answers this byte. An empty message ends the process.
 *
 * @module
 */

import { SharedMemory } from "../../../src/memory/mod.ts";
import { MessageWindow } from "../../../src/messages/mod.ts";

using memory = SharedMemory.inherited("memory");
using view = memory.map();
using window = MessageWindow.open({
  class: Deno.args[0]!,
  procedure: ({ copyData }) => {
    if (copyData === undefined) return undefined;
    if (copyData.byteLength === 0) window.close();
    return BigInt(++view.bytes[0]!);
  },
});
window.run();
