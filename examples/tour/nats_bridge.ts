/**
 * The tour's bridge: a text goes through a NATS server to another process and back, as it would to
 * another machine.
 *
 * @module
 */

import { RingChannel, type RingSender } from "@winipc/winipc";
import { bridge, type NatsClient } from "@winipc/winipc/bridge";
import type { Chapter } from "./chapter.ts";

/** Fewer times than in the part with the channel, because each message goes to the server twice. */
const TIMES = 10;

/** Maximum time for the server's first answer, in milliseconds. */
const MAX_SILENCE = 2000;

/** Sends this project's README to another process, and compares the returned lines. */
export async function natsBridge(chapter: Chapter, server: string): Promise<void> {
  if (!await answers(server)) {
    return chapter.skip(`no NATS server answers at ${server}: start nats-server to see this part`);
  }
  let client;
  try {
    client = await import("@nats-io/transport-node");
  } catch (error) {
    const [reason] = String(error).split("\n");
    return chapter.skip(`the NATS client cannot be loaded from npm: ${reason}`);
  }
  const { connect, headers } = client;
  const connection = await connect({ servers: server });
  try {
    await sendThrough({ connection, headers }, chapter);
  } finally {
    await connection.close();
  }
}

/** Sends the text through four rings. Between two rings, each line goes through the server. */
async function sendThrough(nats: NatsClient, chapter: Chapter): Promise<void> {
  const { signal } = chapter;
  const text = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const lines = text.repeat(TIMES).split("\n");
  const name = `winipc-tour-${crypto.randomUUID()}`;
  using ours = RingChannel.anonymous();
  using oursBack = RingChannel.anonymous();
  using theirs = RingChannel.create(name);
  using theirsBack = RingChannel.create(`${name} back`);
  await using running = bridge(nats, [
    { from: ours, subject: `${name}.there` },
    { subject: `${name}.there`, to: theirs },
    { from: theirsBack, subject: `${name}.back` },
    { subject: `${name}.back`, to: oursBack },
  ], { signal });
  await nats.connection.flush();
  using receiver = oursBack.receiver();
  using sender = ours.sender();
  const child = chapter.start("ring_channel.ts", "echo", "--name", name);
  // The other process sends an empty message when it is ready.
  await receiver.receive({ signal });

  const started = performance.now();
  const sending = sendAll(lines, sender, signal);
  const decoder = new TextDecoder();
  let wrong = 0;
  for (const line of lines) {
    if (decoder.decode(await receiver.receive({ signal })) !== line) wrong++;
  }
  await sending;
  const milliseconds = performance.now() - started;

  // This closes the other process's ring, so that the process ends.
  await running[Symbol.asyncDispose]();
  const { success } = await child.output();
  const rate = (2 * lines.length / milliseconds * 1000).toLocaleString("en", {
    maximumFractionDigits: 0,
  });
  chapter.print("sent", `${lines.length} lines, and back: ${rate} messages per second`);
  chapter.check("the other process exited without an error", success);
  chapter.check("every line came back unchanged", wrong === 0);
  chapter.check("the bridge lost none", running.stats.every(({ lost }) => lost === 0));
}

async function sendAll(lines: string[], sender: RingSender, signal: AbortSignal): Promise<void> {
  const encoder = new TextEncoder();
  for (const line of lines) await sender.send(encoder.encode(line), { signal });
}

/** Returns whether a NATS server answers at an address. Its first word is `INFO`. */
async function answers(server: string): Promise<boolean> {
  const [hostname = "", port] = server.split(":");
  try {
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const silence = new Promise<undefined>((resolve) => {
      setTimeout(() => resolve(undefined), MAX_SILENCE);
    });
    const first = await Promise.race([connection.readable.getReader().read(), silence]);
    return new TextDecoder().decode(first?.value).startsWith("INFO ");
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}
