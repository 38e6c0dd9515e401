/**
 * The tour's command: `winipc` finds the objects of this process, describes a ring, sends a message
 * and sees an event.
 *
 * @module
 */

import { Mailslot, RingChannel, SharedEvent } from "@winipc/winipc";
import type { Chapter } from "./chapter.ts";

const TEXT = "sent by winipc";

/** Lets the command look at this process's objects, and take part. */
export async function command(chapter: Chapter): Promise<void> {
  const { signal } = chapter;
  const name = `winipc-tour-${crypto.randomUUID()}`;
  using ring = RingChannel.create(name);
  using sender = ring.sender();
  sender.trySend(new TextEncoder().encode("waits in the ring"));
  using mailslot = Mailslot.create(name);
  using event = SharedEvent.create(`${name}-ready`, { reset: "manual" });
  event.set();
  const run = async (...words: string[]) => {
    const { success, stdout, stderr } = await chapter.startCommand(...words).output();
    chapter.print("winipc", words.join(" ").replaceAll(name, "NAME"));
    if (!success) chapter.print("said", new TextDecoder().decode(stderr).trim());
    return { success, out: new TextDecoder().decode(stdout) };
  };
  const [listed, described, sent, heard, message] = await Promise.all([
    run("ls", `${name}*`, "--jsonl"),
    run("info", name, "--json"),
    run("send", `mailslot:${name}`, TEXT),
    run("listen", `event:${name}-ready`, "--count", "1"),
    mailslot.receive({ signal }),
  ]);
  const found = listed.out.trim().split("\n").map((line) => JSON.parse(line));
  const kinds = found.map(({ kind, name }) => `${kind} ${name}`);
  chapter.check("winipc ls lists the ring", kinds.includes(`ring ${name}`));
  chapter.check("winipc ls lists the event", kinds.includes(`event ${name}-ready`));
  const [{ used, places }] = JSON.parse(described.out);
  const sides = places.map(({ role, state, process }: Record<string, unknown>) =>
    `${role} ${state} ${process}`
  );
  chapter.check(
    "winipc info finds the waiting message, and this process as the sender",
    used > 0 && sides.includes(`sender alive ${Deno.pid}`),
  );
  chapter.check(
    "winipc send delivered its message",
    sent.success && new TextDecoder().decode(message) === TEXT,
  );
  chapter.check("winipc listen saw the event", heard.success);
}
