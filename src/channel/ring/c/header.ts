/**
 * The C header of a channel.
 *
 * @module
 */

import { RING_FUNCTIONS, RING_INTRODUCTION } from "./functions.ts";
import { declareLayout } from "./layout.ts";

/**
 * Writes a header by which C and C++ programs take part in a {@linkcode RingChannel} that is made
 * for one sender, on either end: what stands where in its memory, and functions to send and to
 * receive, which need nothing but Windows.
 *
 * It begins with how it is used. gcc, clang and MSVC take it, as C11 and as C++11.
 *
 * @example
 * ```ts
 * import { declareRingChannel } from "@winipc/winipc/channel";
 *
 * Deno.writeTextFileSync(`${Deno.makeTempDirSync()}/winipc_ring.h`, declareRingChannel());
 * ```
 *
 * @returns The text of the header, which is always the same.
 */
export function declareRingChannel(): string {
  return [RING_INTRODUCTION, declareLayout(), RING_FUNCTIONS].join("\n");
}
