/**
 * Compiles C programs that use a channel with the header of `declareRingChannel()`.
 *
 * @module
 */

import { declareRingChannel, type DeclareRingOptions } from "../../src/channel/ring/c/mod.ts";
import { compileC, type Compiled } from "./compile_c.ts";
import { type PeerPath, peerUrl } from "./peer_url.ts";

/**
 * Compiles a program. `await using` deletes it.
 *
 * @param options The layouts of messages that the header declares.
 */
export async function compileRingPeer(
  source: PeerPath,
  options: DeclareRingOptions = {},
): Promise<Compiled> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    await Deno.writeTextFile(`${folder}\\winipc_ring.h`, declareRingChannel(options));
    return await compileC(peerUrl(source), { include: folder });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
