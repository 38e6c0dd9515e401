/**
 * The tour's call to another script: a call, a stream, an error, and a server that is killed.
 *
 * @module
 */

import { connectName } from "@winipc/winipc/rpc";
import type { calculator } from "../requests.ts";
import type { Chapter } from "./chapter.ts";

/** Calls a script in another process, and kills that process during a stream. */
export async function requests(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const { signal } = chapter;
  const child = chapter.start("requests.ts", "serve", name);
  const options = { waitForServer: true, signal };
  await using server = await connectName<typeof calculator>(name, options);

  const quotient = await server.call("divide", [22, 7], { signal });
  chapter.check("a call returned the other script's result", quotient === 22 / 7);
  const error = await server.call("divide", [1, 0]).catch((error: unknown) => error);
  chapter.check(
    "an error arrived with its class and its text",
    error instanceof RangeError && error.message === "division by zero",
  );

  const digits: number[] = [];
  for await (const digit of server.stream("digits", [22, 7], { signal })) {
    if (digits.push(digit) === 6) break;
  }
  chapter.print("items", digits.join(" "));
  chapter.check("a stream brought items until it was left", digits.join("") === "142857");

  let began = performance.now();
  const reset = await (async () => {
    for await (const _ of server.stream("digits", [1, 7], { signal })) {
      // Only for the first item: a killed process cannot be killed again.
      if (digits.push(0) === 7) child.kill();
      began = performance.now();
    }
  })().catch((error: unknown) => error);
  const took = Math.round(performance.now() - began);
  chapter.print("killed", `the stream failed ${took} ms after its last item`);
  chapter.check(
    "the end of the other process ended the stream at once",
    reset instanceof Deno.errors.ConnectionReset && took < 5000,
  );
  await Promise.all([child.status, child.stdout.cancel()]);
}
