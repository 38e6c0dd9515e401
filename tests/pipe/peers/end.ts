/**
 * One end of a pipe in a Deno process. It prints "ready" and obeys orders, one line each:
 *
 *   listen NAME OPTIONS     listens with options in JSON: "listening"
 *   accept                  takes the next client: "connected"
 *   connect NAME OPTIONS    connects with options in JSON: "connected"
 *   read N                  reads at most N bytes: "read LENGTH TEXT", or "end"
 *   message                 reads a message: "read LENGTH TEXT", or "end"
 *   write TEXT              writes a text: "wrote LENGTH"
 *   fill LENGTH             writes zeros: "wrote LENGTH"
 *   flood COUNT             begins to write the numbers from 0, one in each write: "flooding"
 *   echo                    begins to send back all bytes: "echoing"
 *   closeWrite, close, abort, flushed, user    calls the method: its result, or "done"
 *   pid                     the peer's process id
 *
 * An order that fails is answered with "error NAME".
 */
import {
  connectPipe,
  listenPipe,
  type PipeConnection,
  type PipeListener,
} from "../../../src/pipe/mod.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
let listener: PipeListener | undefined;
let connection: PipeConnection | undefined;

async function obey(order: string, rest: string): Promise<string> {
  const [name = "", json = "{}"] = rest.split(" ");
  switch (order) {
    case "listen":
      listener = listenPipe({ name, ...JSON.parse(json) });
      return "listening";
    case "accept":
      connection = await listener!.accept();
      return "connected";
    case "connect":
      connection = await connectPipe(name, JSON.parse(json));
      return "connected";
  }
  return await transfer(connection!, order, rest);
}

async function transfer(pipe: PipeConnection, order: string, rest: string): Promise<string> {
  switch (order) {
    case "read": {
      const buffer = new Uint8Array(Number(rest));
      const length = await pipe.read(buffer);
      return readAnswer(length === null ? null : buffer.subarray(0, length));
    }
    case "message":
      return readAnswer(await pipe.readMessage());
    case "write":
      return `wrote ${await pipe.write(encoder.encode(rest))}`;
    case "fill":
      return `wrote ${await pipe.write(new Uint8Array(Number(rest)))}`;
    case "flood":
      void flood(pipe, Number(rest));
      return "flooding";
    case "echo":
      pipe.readable.pipeTo(pipe.writable).catch(() => {});
      return "echoing";
    case "pid":
      return `${pipe.peer.pid}`;
    case "user":
      return await pipe.peerUser();
    case "close":
      pipe.close();
      await pipe.closed;
      return "done";
    case "abort":
      pipe.abort();
      return "done";
    case "closeWrite":
      await pipe.closeWrite();
      return "done";
    case "flushed":
      await pipe.flushed();
      return "done";
  }
  throw new Error(`There is no order "${order}"`);
}

async function flood(pipe: PipeConnection, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await pipe.write(encoder.encode(`${index}`));
}

function readAnswer(bytes: Uint8Array | null): string {
  return bytes === null ? "end" : `read ${bytes.length} ${decoder.decode(bytes.subarray(0, 64))}`;
}

console.log("ready");
let text = "";
for await (const part of Deno.stdin.readable) {
  text += decoder.decode(part, { stream: true });
  const lines = text.split("\n");
  text = lines.pop()!;
  for (const line of lines) {
    const [order = "", rest = ""] = /^(\S+) ?(.*)$/.exec(line.trimEnd())?.slice(1) ?? [];
    console.log(await obey(order, rest).catch((error: Error) => `error ${error.name}`));
  }
}
