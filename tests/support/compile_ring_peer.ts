/**
 * Compiles C programs that use a channel with the header of `declareRingChannel()`.
 *
 * @module
 */

import { declareRingChannel, type DeclareRingOptions } from "../../src/channel/ring/c/mod.ts";
import { type Bits, compileC, type Compiled } from "./compile_c.ts";
import { type PeerPath, peerUrl } from "./peer_url.ts";

/** The header, and the program. */
export interface RingPeerOptions extends DeclareRingOptions {
  /** The bits of a pointer. @default 64 */
  bits?: Bits;
}

/** Compiles a program. `await using` deletes it. */
export async function compileRingPeer(
  source: PeerPath,
  { bits = 64, ...options }: RingPeerOptions = {},
): Promise<Compiled> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    await Deno.writeTextFile(`${folder}\\winipc_ring.h`, declareRingChannel(options));
    return await compileC(peerUrl(source), { include: folder, bits });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
