/**
 * Pipe programs in C, as the other end of a pipe.
 *
 * @module
 */

import { type Bits, compileC, type Compiled } from "../support/compile_c.ts";
import { Peer } from "../support/peer.ts";
import { type PeerPath, peerUrl } from "../support/peer_url.ts";

/** The programs that were compiled for this process, by their sources and bits. */
const programs = new Map<string, Promise<Compiled>>();

globalThis.addEventListener("unload", () => {
  for (const folder of folders) Deno.removeSync(folder, { recursive: true });
});

const folders: string[] = [];

/** Compiles a program once for all tests of this process, and returns its path. */
export async function programOf(source: PeerPath, bits: Bits = 64): Promise<string> {
  const key = `${source} ${bits}`;
  let program = programs.get(key);
  if (program === undefined) {
    program = compileC(peerUrl(source), { bits });
    programs.set(key, program);
    const { path } = await program;
    folders.push(path.slice(0, path.lastIndexOf("\\")));
  }
  return (await program).path;
}

/** The pipe of a server in C. */
export interface CServerOptions {
  /** @default "bytes" */
  mode?: "bytes" | "messages";
  /** @default "duplex" */
  direction?: "duplex" | "inbound" | "outbound";
  /** Maximum number of instances. @default 10 */
  instances?: number;
  /** A security descriptor. @default none */
  sddl?: string;
  /** The bits of the program. @default 64 */
  bits?: Bits;
}

/** Returns the path of a pipe's name. */
export function pathOf(name: string): string {
  return `\\\\.\\pipe\\${name}`;
}

/** Starts a server in C; pipe_server.c has its orders. */
export async function startCServer(
  name: string,
  { mode = "bytes", direction = "duplex", instances = 10, sddl, bits }: CServerOptions = {},
): Promise<Peer> {
  const program = await programOf("pipe/peers/pipe_server.c", bits);
  const words = [pathOf(name), mode, direction, `${instances}`];
  return await Peer.startProgram(program, ...words, ...(sddl === undefined ? [] : [sddl]));
}

/** Starts a client in C, which opens nothing yet; pipe_client.c has its orders. */
export async function startCClient(name: string, bits?: Bits): Promise<Peer> {
  return await Peer.startProgram(await programOf("pipe/peers/pipe_client.c", bits), pathOf(name));
}

/** Starts a client in C that opens the pipe for reads and writes. */
export async function connectCClient(
  name: string,
  { mode = "bytes", bits }: { mode?: "bytes" | "messages"; bits?: Bits } = {},
): Promise<Peer> {
  const client = await startCClient(name, bits);
  try {
    await expectAnswer(client, "open rw", "0");
    if (mode === "messages") await expectAnswer(client, "mode messages", "0");
    return client;
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

/** Gives a peer an order, and throws unless the peer answers as expected. */
export async function expectAnswer(peer: Peer, order: string, expected: string): Promise<void> {
  const answer = await peer.ask(order);
  if (answer === expected) return;
  throw new Error(`Expected "${expected}" after "${order.slice(0, 80)}", got "${answer}"`);
}

/** Returns the order with which a program in C writes bytes by one call. */
export function writeOrder(bytes: Uint8Array): string {
  return bytes.length === 0 ? "empty" : `write ${bytes.toHex()}`;
}

/**
 * Returns the answer of a program in C that has read bytes.
 *
 * @param code The error of the last read.
 */
export function readAnswer(bytes: Uint8Array, code = 0): string {
  let checksum = 0;
  for (const byte of bytes) checksum = (Math.imul(checksum, 31) + byte) >>> 0;
  const hex = bytes.length === 0 ? "" : ` ${bytes.subarray(0, 64).toHex()}`;
  return `read ${bytes.length} ${code} ${checksum}${hex}`;
}
