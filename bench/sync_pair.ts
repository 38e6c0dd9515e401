/**
 * Two processes that are the ends of two events and measure the times.
 *
 * @module
 */

import { compileC, type Compiled } from "../tests/support/compile_c.ts";
import { Peer } from "../tests/support/peer.ts";
import { deleteProgram, EndPair } from "./end_pair.ts";

/** The programs in bench/peers that are an end of two events. */
export type Program = "event_end.c" | "sync_end.ts";

/** The two ends of a pair. */
export interface Ends {
  /** The program of both ends. */
  readonly program: Program;
  /** The number of processors for the two ends: each end has its own, or both share one. */
  readonly processors: 1 | 2;
  /** The folder of the checkout whose library the ends use. @default this checkout */
  readonly checkout?: URL;
}

const ROOT = new URL("../", import.meta.url);
let compiled: Promise<Compiled> | undefined;

/** The two ends of two events, in two processes. */
export class SyncPair extends EndPair {
  /**
   * Starts both ends.
   *
   * @throws {Error} If there is no compiler for the program, or an end does not start.
   */
  static async start({ program, processors, checkout = ROOT }: Ends): Promise<SyncPair> {
    await using stack = new AsyncDisposableStack();
    const name = `winipc-bench-${crypto.randomUUID()}`;
    const [first, ...rest] = await commandOf(program);
    const start = async (side: "near" | "far", processor: number) =>
      stack.use(
        await Peer.startProgram(first!, ...rest, name, side, `${processor}`, checkout.href),
      );
    const far = await start("far", processors);
    const near = await start("near", 1);
    return new SyncPair(near, far, stack.move());
  }
}

/** Deletes the compiled program. */
export async function deletePrograms(): Promise<void> {
  await deleteProgram(compiled);
  compiled = undefined;
}

async function commandOf(program: Program): Promise<string[]> {
  const url = new URL(`bench/peers/${program}`, ROOT);
  if (program === "sync_end.ts") {
    return [Deno.execPath(), "run", "--no-prompt", "--allow-ffi", "--allow-read", url.href];
  }
  compiled ??= compileC(url);
  return [(await compiled).path];
}
