/**
 * The other end of a link over NATS. It sends values back, and obeys orders. Arguments: the address
 * of the NATS server, and the subject.
 *
 * @module
 */

import { connect, headers } from "@nats-io/transport-node";
import { natsLink } from "../../../../src/bridge/mod.ts";
import type { MessageLink } from "../../../../src/rpc/mod.ts";
import { echo } from "../../../rpc/links/peers/end.ts";
import { soon } from "../../../support/soon.ts";

/** Runs a task with a link to the subject, and closes the connection. */
export async function withLink(task: (link: MessageLink) => Promise<void>): Promise<void> {
  const [address, subject] = Deno.args;
  const connection = await connect({ servers: address! });
  const options = { ...soon, maxMessageLength: 2 ** 21 };
  await task(await natsLink({ connection, headers }, subject!, options));
  await connection.close();
}

if (import.meta.main) await withLink(echo);
