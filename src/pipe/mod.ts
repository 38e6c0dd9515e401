/**
 * Named pipes: connections between processes, with bytes or with messages. Mailslots: messages of
 * any number of processes to one process.
 *
 * @example Listen, connect and send a message
 * ```ts
 * import { connectPipe, listenPipe } from "@winipc/winipc/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = listenPipe({ name: "docs of pipe", mode: "messages" });
 *
 * // In practice, the client is another process.
 * await using client = await connectPipe("docs of pipe", { mode: "messages" });
 * await client.write(new TextEncoder().encode("Hello"));
 *
 * await using connection = await listener.accept();
 * const message = await connection.readMessage();
 * assertEquals(new TextDecoder().decode(message!), "Hello");
 * ```
 *
 * @module
 */

export { connectPipe, type ConnectPipeOptions, type PipeServer } from "./connect.ts";
export { PipeConnection, type PipeMode, type PipeOptions } from "./connection.ts";
export { listenPipe, type ListenPipeOptions, PipeListener } from "./listener.ts";
export { Mailslot, type MailslotInfo, type MailslotOptions } from "./mailslot.ts";
export { MailslotSender, openMailslot, type OpenMailslotOptions } from "./mailslot.ts";
export type { PipePeer } from "./peer.ts";
export type { Impersonation, PipeDirection } from "../../ffi/named_pipe.ts";
