/**
 * A C header for peers of a channel, in C or C++.
 *
 * ```ts
 * import { declareRingChannel } from "@winipc/winipc/c";
 *
 * Deno.writeTextFileSync(`${Deno.makeTempDirSync()}/winipc_ring.h`, declareRingChannel());
 * ```
 *
 * @module
 */

export { type DeclaredLayout, declareRingChannel, type DeclareRingOptions } from "./header.ts";
