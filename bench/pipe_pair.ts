/**
 * Two processes that are the ends of a named pipe and measure the times.
 *
 * @module
 */

import { compileC, type Compiled } from "../tests/support/compile_c.ts";
import { Peer } from "../tests/support/peer.ts";
import { deleteProgram, EndPair } from "./end_pair.ts";

/** The programs in bench/peers that are an end of a pipe. */
export type Program = "pipe_end.c" | "pipe_end.ts" | "pipe_net_end.ts";

/** The two ends of a pair. */
export interface Ends {
  /** The client, which measures. */
  readonly near: Program;
  /** The server. */
  readonly far: Program;
  /** Whether the pipe carries messages. */
  readonly mode: "bytes" | "messages";
  /** The processors of each end, one bit for each. */
  readonly processors: number;
  /** The folder of the checkout whose library the ends use. @default this checkout */
  readonly checkout?: URL;
}

const ROOT = new URL("../", import.meta.url);
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  "pipe_end.ts": ["--allow-ffi", "--allow-read"],
  "pipe_net_end.ts": ["--allow-all"],
};
let compiled: Promise<Compiled> | undefined;

/** The two ends of a pipe, in two processes. */
export class PipePair extends EndPair {
  /**
   * Starts both ends.
   *
   * @throws {Error} If there is no compiler for the program, or an end does not start.
   */
  static async start({ near, far, mode, processors, checkout = ROOT }: Ends): Promise<PipePair> {
    await using stack = new AsyncDisposableStack();
    const path = `\\\\.\\pipe\\winipc-bench-${crypto.randomUUID()}`;
    const start = async (program: Program, side: "near" | "far") => {
      const [first, ...rest] = await commandOf(program, checkout);
      return stack.use(await Peer.startProgram(first!, ...rest, path, side, `${processors}`, mode));
    };
    const server = await start(far, "far");
    const client = await start(near, "near");
    return new PipePair(client, server, stack.move());
  }
}

/** Deletes the compiled program. */
export async function deletePrograms(): Promise<void> {
  await deleteProgram(compiled);
  compiled = undefined;
}

async function commandOf(program: Program, checkout: URL): Promise<string[]> {
  if (program !== "pipe_end.c") {
    const script = new URL(`bench/peers/${program}`, checkout).href;
    return [Deno.execPath(), "run", "--no-prompt", ...FLAGS[program]!, script];
  }
  compiled ??= compileC(new URL("bench/peers/pipe_end.c", ROOT));
  return [(await compiled).path];
}
