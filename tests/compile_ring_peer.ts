/**
 * C programs that use a channel by the header that the library writes.
 *
 * @module
 */

import { declareRingChannel } from "../src/channel/mod.ts";
import { compileC, type Compiled } from "./compile_c.ts";

/**
 * Compiles one of the programs in tests/peers; it is deleted by `using`.
 *
 * @param source The file's name.
 */
export async function compileRingPeer(source: string): Promise<Compiled> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    await Deno.writeTextFile(`${folder}\\winipc_ring.h`, declareRingChannel());
    return await compileC(new URL(`./peers/${source}`, import.meta.url), { include: folder });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
