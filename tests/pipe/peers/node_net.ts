/**
 * One end of a pipe by node:net, which needs --allow-all. It prints "ready" and obeys orders:
 *
 *   listen PATH     listens, and echoes all bytes to each client: "listening"
 *   connect PATH    connects: "connected"
 *   write TEXT      writes a text: "wrote"
 *   fill LENGTH     writes sevens: "wrote"
 *   take LENGTH     waits for so many bytes: "read LENGTH SUM", with the sum of the bytes
 *   destroy         closes the connection: "closed"
 *   until-closed    waits until the peer has closed the connection: "closed"
 */
import { Buffer } from "node:buffer";
import { connect, createServer, type Socket } from "node:net";

const decoder = new TextDecoder();
let socket: Socket | undefined;
let received = Buffer.alloc(0);
let onData = () => {};
const closed = Promise.withResolvers<void>();

function use(made: Socket): void {
  socket = made;
  made.on("data", (bytes) => {
    received = Buffer.concat([received, bytes]);
    onData();
  });
  made.on("error", () => {});
  made.on("close", () => closed.resolve());
}

async function obey(order: string, rest: string): Promise<string> {
  switch (order) {
    case "listen": {
      const server = createServer((client) => {
        client.on("error", () => {});
        client.on("data", (bytes) => void client.write(bytes));
      });
      await new Promise<void>((resolve) => server.listen(rest, resolve));
      return "listening";
    }
    case "connect":
      await new Promise<void>((resolve) => use(connect(rest, resolve)));
      return "connected";
    case "write":
    case "fill": {
      const bytes = order === "write" ? Buffer.from(rest) : Buffer.alloc(Number(rest), 7);
      await new Promise((resolve) => socket!.write(bytes, resolve));
      return "wrote";
    }
    case "take":
      return await take(Number(rest));
    case "destroy":
      socket!.destroy();
      await closed.promise;
      return "closed";
    case "until-closed":
      await closed.promise;
      return "closed";
  }
  throw new Error(`There is no order "${order}"`);
}

async function take(length: number): Promise<string> {
  while (received.length < length) await new Promise<void>((resolve) => onData = resolve);
  const sum = received.subarray(0, length).reduce((sum, byte) => sum + byte, 0);
  received = received.subarray(length);
  return `read ${length} ${sum}`;
}

console.log("ready");
let text = "";
for await (const part of Deno.stdin.readable) {
  text += decoder.decode(part, { stream: true });
  const lines = text.split("\n");
  text = lines.pop()!;
  for (const line of lines) {
    const [order = "", rest = ""] = /^(\S+) ?(.*)$/.exec(line.trimEnd())?.slice(1) ?? [];
    console.log(await obey(order, rest));
  }
}
