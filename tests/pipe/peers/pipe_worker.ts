/**
 * A Worker of the web or the node kind that has operations on pipes in flight when it ends. Its
 * start data are the kinds of operations and the pipe's name, as JSON. It posts "ready", and the
 * messages "close" and "throw" end it in that way.
 *
 * @module
 */

import { workerData } from "node:worker_threads";
import { connectPipe, listenPipe } from "../../../src/pipe/mod.ts";
import { postToParent } from "../../support/post_to_parent.ts";
import { soon } from "../../support/soon.ts";

const [what, name]: [string, string] = JSON.parse(workerData ?? globalThis.name);
/** The owned objects, so that the garbage collector keeps them. */
const owned: unknown[] = [];

const OWN: Record<string, () => unknown> = {
  listen: () => {
    const listener = listenPipe({ name });
    owned.push(listener);
    void listener.accept().catch(() => {});
  },
  "read and write": async () => {
    const client = await connectPipe(name, soon);
    owned.push(client);
    // The parent never reads all of these bytes.
    void client.write(new Uint8Array(3_000_000).fill(7)).catch(() => {});
    void client.write(new Uint8Array(100)).catch(() => {});
    void client.read(new Uint8Array(10)).catch(() => {});
  },
  connect: () => {
    void connectPipe(`${name}-nobody`, { waitForServer: true }).catch(() => {});
  },
  "busy loop": async () => {
    const client = await connectPipe(name, soon);
    owned.push(client);
    const echo = async () => {
      const into = new Uint8Array(100_000);
      for (let length; (length = await client.read(into)) !== null;) {
        await client.write(into.subarray(0, length));
      }
    };
    void echo().catch(() => {});
  },
  echo: () => {
    const listener = listenPipe({ name });
    owned.push(listener);
    const serve = async () => {
      for await (const connection of listener) {
        const flushed = await connection.flushed().catch((error) => error.name);
        await connection.write(new TextEncoder().encode(flushed));
        void connection.readable.pipeTo(connection.writable).catch(() => {});
      }
    };
    void serve();
  },
};

globalThis.addEventListener("message", (event) => {
  if (!(event instanceof MessageEvent)) return;
  if (event.data === "close") globalThis.close();
  if (event.data === "throw") throw new Error("The end of this Worker");
});
for (const kind of what.split(", ")) await OWN[kind]!();
postToParent("ready");
