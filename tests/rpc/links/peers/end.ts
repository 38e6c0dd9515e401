/**
 * The other end of a link. It sends each value back, except for orders such as `{ do: "close" }`.
 * The arguments are the kind of link, and the name to meet at.
 *
 * @module
 */

import { connectRing, RingChannel } from "../../../../src/channel/mod.ts";
import { findWindow } from "../../../../src/messages/mod.ts";
import { connectPipe } from "../../../../src/pipe/mod.ts";
import type { MessageLink } from "../../../../src/rpc/link.ts";
import { windowLink } from "../../../../src/rpc/links/listen_window.ts";
import { pipeLink } from "../../../../src/rpc/links/pipe.ts";
import { channelLink, ringLink } from "../../../../src/rpc/links/ring.ts";
import { stdioLink } from "../../../../src/rpc/links/stdio.ts";
import { soon } from "../../../support/soon.ts";

/** Makes a link of a kind. */
export async function connect(kind: string, name: string): Promise<MessageLink> {
  switch (kind) {
    case "ring":
      return ringLink(await connectRing(name, soon));
    case "pipe of bytes":
      return pipeLink(await connectPipe(name, soon), { maxMessageLength: 2 ** 21 });
    case "pipe of messages":
      return pipeLink(await connectPipe(name, { ...soon, mode: "messages" }), {
        maxMessageLength: 2 ** 21,
      });
    case "channels":
      return channelLink({
        sender: RingChannel.open(`${name}.b`).sender(),
        receiver: RingChannel.open(`${name}.a`).receiver(),
      });
    case "windows":
      return await windowLink(await findWindow({ class: name, ...soon }), {
        ...soon,
        maxMessageLength: 2 ** 21,
      });
    default:
      return stdioLink({ maxMessageLength: 2 ** 21 });
  }
}

/** An order of the test. */
interface Order {
  do: "close" | "pause" | "flood";
  milliseconds?: number;
  count?: number;
  length?: number;
}

/** Sends values back, and obeys orders, until the link is over. */
export async function echo(link: MessageLink): Promise<void> {
  await using _ = link;
  for await (const value of link) {
    if (typeof value !== "object" || value === null || !("do" in value)) {
      // Not awaited: this end reads on while its sends wait.
      void link.send(value).catch(() => {});
      continue;
    }
    const order = value as Order;
    if (order.do === "close") return;
    if (order.do === "pause") {
      await new Promise((resolve) => setTimeout(resolve, order.milliseconds));
    }
    if (order.do === "flood") {
      for (let number = 0; number < order.count!; number++) {
        void link.send({ number, bytes: new Uint8Array(order.length!) }).catch(() => {});
      }
    }
  }
}

if (import.meta.main) {
  const [kind, name] = Deno.args;
  await echo(await connect(kind!, name!));
}
