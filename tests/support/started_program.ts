/**
 * Starts a program that prints a line when it is ready, and takes all that it prints until it ends.
 *
 * @module
 */

import { assert } from "@std/assert";
import { within } from "./within.ts";
import { SLOWNESS } from "./slowness.ts";

/** A program that has printed its first line. `await using` ends it. */
export interface StartedProgram extends AsyncDisposable {
  /** Waits until the program ends by itself. Returns everything that it has printed. */
  end(): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
}

/** Starts a program, and waits for its first line. */
export async function startProgram(
  program: string,
  args: readonly string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env"> = {},
): Promise<StartedProgram> {
  const child = new Deno.Command(program, {
    ...options,
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(90_000 * SLOWNESS),
  }).spawn();
  let out = "";
  const err = new Response(child.stderr).text();
  const firstLine = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      out += text;
      if (out.includes("\n")) firstLine.resolve();
    }
    firstLine.resolve();
  })();
  await within(`${args.join(" ")} prints a line`, firstLine.promise, 60_000);
  assert(out !== "", `${args.join(" ")} has printed nothing: ${out === "" ? await err : ""}`);
  const end = async () => {
    const { code } = await within(`${args.join(" ")} ends`, child.status, 60_000);
    await reading;
    return { code, out, err: await err };
  };
  return {
    end,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGTERM");
      } catch (error) {
        // It has ended by itself.
        if (!(error instanceof TypeError)) throw error;
      }
      await end();
    },
  };
}
