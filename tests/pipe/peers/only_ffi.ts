/** Listens for itself, connects, and prints the words that went there and back. */
import { connectPipe, listenPipe } from "../../../src/pipe/mod.ts";

const name = Deno.args[0]!;
using listener = listenPipe({ name, mode: "messages" });
await using client = await connectPipe(name, { mode: "messages" });
await using connection = await listener.accept();
const word = (bytes: Uint8Array | null) => new TextDecoder().decode(bytes ?? undefined);

await client.write(new TextEncoder().encode("ping"));
const there = word(await connection.readMessage());
await connection.write(new TextEncoder().encode("pong"));
console.log(there, word(await client.readMessage()));
