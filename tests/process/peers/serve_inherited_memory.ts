/**
 * Takes an inherited memory and answers, in a window of the class that is named, each message with the
 * first byte after adding one to it; an empty message ends it.
 *
 * @module
 */

import { MessageWindow, SharedMemory } from "../../../mod.ts";

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
