/**
 * A slot for each direction in the shared section of a DLL, which both ends load.
 *
 * @module
 */

import { buildSharedSection, bytes, SharedSection } from "../../../../mod.ts";
import type { WayOfProgram } from "../../link.ts";
import { removeFile } from "./remove_file.ts";
import { SlotLink, SLOTS_LENGTH } from "./slot.ts";
import { SpinningTurns } from "./spinning_turns.ts";
import { tempPath } from "./temp_path.ts";

const VARIABLES = { slots: bytes(SLOTS_LENGTH) } as const;

/** Variables of a DLL, spinning. The far end builds the DLL and removes it. */
export const section: WayOfProgram = {
  async open(side, name) {
    const path = `${tempPath(name)}.dll`;
    const isOwner = side === "far";
    if (isOwner) await Deno.writeFile(path, buildSharedSection({ variables: VARIABLES }));
    const dll = SharedSection.load(path, { exports: VARIABLES });
    const memory = dll.variables.slots;
    const turns = new SpinningTurns(memory, async () => {
      dll.close();
      if (isOwner) await removeFile(path);
    });
    return new SlotLink(side, memory, turns);
  },
};
