/**
 * What has the name that something new was to have.
 *
 * @module
 */

import { nounOf } from "../../../ffi/kernel_object.ts";
import { SharedMemory } from "../../memory/mod.ts";
import { residentOf } from "./memory.ts";

/**
 * Calls a function that makes something under a name, and says what exists where the name is taken.
 *
 * @param label What is made: `channel "Local\\lines"`.
 * @param magic The first word of its memory.
 * @throws {Deno.errors.AlreadyExists} If the name is taken.
 */
export function createUnder<T>(
  { label, name, magic }: { label: string; name: string; magic: number },
  create: () => T,
): T {
  try {
    return create();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    const kind = nounOf(name);
    // The name is free, and one that is made of it is taken: the error says which.
    if (kind === undefined) throw error;
    const found = kind === "shared memory" ? firstWordOf(name) : undefined;
    const noun = (found !== undefined && residentOf(found)?.noun) || kind;
    const advice = found === magic ? "open it, or take another name" : "take another name";
    throw new Deno.errors.AlreadyExists(
      `Cannot create ${label}: ${noun} of this name exists already; ${advice}`,
      { cause: error.cause },
    );
  }
}

/** The first word of a memory, if this user may read it. */
function firstWordOf(name: string): number | undefined {
  try {
    using memory = SharedMemory.open(name);
    using view = memory.map({ byteLength: 4 });
    return new DataView(view.buffer).getUint32(0, true);
  } catch {
    return undefined;
  }
}
