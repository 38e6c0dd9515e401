/**
 * Collects lines from several processes by a mailslot. The monitor prints each line with the id of
 * the process that sent the line, and stops after the last line of the last sender.
 *
 *     deno run --allow-ffi examples/mailslot.ts monitor --name lines --senders 2
 *     deno run --allow-ffi --allow-read examples/mailslot.ts send --name lines --file README.md
 *     deno run --allow-ffi --allow-read examples/mailslot.ts send --name lines --file LICENSE
 *
 * Start the monitor first: without it, there is no mailslot to send to. A sender never waits, and
 * does not learn whether the monitor has received its lines.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { Mailslot, openMailslot } from "@winipc/winipc";

/** A line, and the process that sent it. */
export interface Line {
  /** The id of the process. A sender could lie: a mailslot does not tell who has sent a message. */
  pid: number;
  /** The text, or `undefined` if the process has sent its last line. */
  text: string | undefined;
}

/** Sends lines, and then a message that says that no further line follows. */
export function sendLines(name: string, lines: readonly string[]): void {
  using sender = openMailslot(name);
  const encoder = new TextEncoder();
  for (const line of lines) sender.send(encoder.encode(`${Deno.pid} ${line}`));
  sender.send(encoder.encode(`${Deno.pid}`));
}

/** Yields the lines of all senders, until each of them has sent its last line. */
export async function* linesOf(
  mailslot: Mailslot,
  senders: number,
  signal: AbortSignal,
): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  for (let ended = 0; ended < senders;) {
    const message = decoder.decode(await mailslot.receive({ signal }));
    // Any process of this user can send, also messages of a different form.
    const [, pid, text] = /^(\d+)(?: (.*))?$/s.exec(message) ?? [];
    if (pid === undefined) continue;
    if (text === undefined) ended++;
    yield { pid: Number(pid), text };
  }
}

if (import.meta.main) {
  const { _: [role], name, senders, file, timeout } = parseArgs(Deno.args, {
    string: ["name", "senders", "file", "timeout"],
    default: { name: "winipc-lines", senders: "1", file: "README.md", timeout: "30000" },
  });
  if (role === "monitor") {
    using mailslot = Mailslot.create(name);
    console.log(`Process ${Deno.pid} collects lines`);
    const signal = AbortSignal.timeout(Number(timeout));
    let count = 0;
    for await (const { pid, text } of linesOf(mailslot, Number(senders), signal)) {
      if (text !== undefined) count++;
      console.log(text === undefined ? `${pid} has ended` : `${pid}: ${text}`);
    }
    console.log(`Collected ${count} lines`);
  } else if (role === "send") {
    const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
    sendLines(name, lines);
    console.log(`Sent ${lines.length} lines`);
  } else {
    console.error(
      "Usage: mailslot.ts monitor [--name NAME] [--senders COUNT] [--timeout MS]\n" +
        "       mailslot.ts send [--name NAME] [--file FILE]",
    );
    Deno.exit(2);
  }
}
