import {
  connectPipe,
  listenPipe,
  type PipeConnection,
  type PipeOptions,
} from "../../src/pipe/mod.ts";
import type { Bits } from "../support/compile_c.ts";
import type { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { connectCClient, startCServer } from "./c_peers.ts";

/** A connection whose other end is a program in C. */
export interface BothEnds extends AsyncDisposable {
  /** The pipe's name. */
  name: string;
  /** The end of this process. */
  connection: PipeConnection;
  /** The program in C. */
  peer: Peer;
}

/**
 * Connects this process and a program in C.
 *
 * @param ours The end of this process.
 * @param options The pipe, and the bits of the program.
 */
export async function openBoth(
  ours: "server" | "client",
  { bits = 64, ...options }: PipeOptions & { bits?: Bits } = {},
): Promise<BothEnds> {
  const name = randomName();
  const { mode = "bytes" } = options;
  await using stack = new AsyncDisposableStack();
  let peer: Peer;
  let connection: PipeConnection;
  if (ours === "server") {
    using listener = listenPipe({ name, ...options });
    peer = stack.use(await connectCClient(name, { mode, bits }));
    connection = stack.use(await listener.accept(soon));
  } else {
    peer = stack.use(await startCServer(name, { mode, bits }));
    await peer.send("connect");
    connection = stack.use(await connectPipe(name, { ...soon, ...options, server: "anyone" }));
    const answer = await peer.nextLine();
    if (answer !== "connected") throw new Error(`Expected "connected", got "${answer}"`);
  }
  const all = stack.move();
  return { name, connection, peer, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
