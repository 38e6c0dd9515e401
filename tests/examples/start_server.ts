/**
 * Starts a server in a process of its own.
 *
 * @module
 */

import { assert } from "@std/assert";
import { TextLineStream } from "@std/streams/text-line-stream";
import { SLOWNESS } from "../support/slowness.ts";
import { within } from "../support/within.ts";

/** A server that runs. `await using` ends it. */
export interface RunningServer extends AsyncDisposable {
  /** The process id that the server has printed. Windows' own number, also on Wine. */
  readonly pid: number;
  /** Ends the server at once. */
  kill(): Promise<void>;
  /** Waits until the server ends by itself. Returns its exit code and its further lines. */
  end(): Promise<{ code: number; lines: string[] }>;
}

/** Starts an example as a server. */
export async function startExample(name: string, ...args: string[]): Promise<RunningServer> {
  const script = new URL(`../../examples/${name}`, import.meta.url).href;
  const permissions = ["--allow-ffi", "--allow-read"];
  return await startServer(Deno.execPath(), [
    "run",
    "--no-prompt",
    ...permissions,
    script,
    ...args,
  ]);
}

/** Starts a program whose first line is `Process PID listens …`. */
export async function startServer(program: string, args: string[]): Promise<RunningServer> {
  const child = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  }).spawn();
  const reader = child.stdout
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
    .getReader();
  const { value } = await within("the server prints a line", reader.read(), 30_000);
  const pid = /^Process (\d+) listens on /.exec(value ?? "")?.[1];
  assert(pid !== undefined, `The server printed ${value}`);
  const kill = async () => {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      // It ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    await child.status;
    await reader.cancel();
  };
  return {
    pid: Number(pid),
    kill,
    [Symbol.asyncDispose]: kill,
    end: async () => {
      const lines: string[] = [];
      for (let line; (line = (await reader.read()).value) !== undefined;) lines.push(line);
      return { code: (await child.status).code, lines };
    },
  };
}
