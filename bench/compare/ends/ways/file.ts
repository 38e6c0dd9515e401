/**
 * A slot for each direction in a file that both ends map.
 *
 * @module
 */

import { SharedMemory } from "../../../../mod.ts";
import type { WayOfProgram } from "../../link.ts";
import { removeFile } from "./remove_file.ts";
import { SlotLink, SLOTS_LENGTH } from "./slot.ts";
import { SpinningTurns } from "./spinning_turns.ts";
import { tempPath } from "./temp_path.ts";

/** A mapped file, spinning. The far end creates the file and removes it. */
export const file: WayOfProgram = {
  async open(side, name) {
    const path = tempPath(name);
    const isOwner = side === "far";
    if (isOwner) await Deno.writeFile(path, new Uint8Array());
    using memory = SharedMemory.fromFile(path, { access: "readwrite", byteLength: SLOTS_LENGTH });
    const view = memory.map();
    const turns = new SpinningTurns(view.bytes, async () => {
      view.close();
      if (isOwner) await removeFile(path);
    });
    return new SlotLink(side, view.bytes, turns);
  },
};
