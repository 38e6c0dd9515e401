import { assertEquals, assertStringIncludes } from "@std/assert";
import { SLOWNESS } from "../support/slowness.ts";

/** The result of an example. */
export interface Outcome {
  /** The exit code. */
  code: number;
  /** The standard output. */
  out: string;
  /** The standard error. */
  err: string;
}

/** The permission that most examples need. */
const USUAL = ["--allow-ffi"];

/** The permissions of an example that needs others. */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  "channel_stream.ts": ["--allow-ffi", "--allow-read"],
  "mailslot.ts": ["--allow-ffi", "--allow-read"],
  "moving_picture.ts": ["--allow-ffi", "--allow-write"],
  "pipe_echo.ts": ["--allow-ffi", "--allow-read"],
  "ring_channel.ts": ["--allow-ffi", "--allow-read"],
  "worker.ts": ["--allow-ffi", "--allow-read"],
  "tcp_socket.ts": ["--allow-net=127.0.0.1", "--allow-read"],
};

/** Runs an example with only the permissions that examples/README.md requires. */
export async function runExample(name: string, ...args: string[]): Promise<Outcome> {
  const script = new URL(`../../examples/${name}`, import.meta.url).href;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...(PERMISSIONS[name] ?? USUAL), script, ...args],
    stdin: "null",
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, err: err! };
}

/** Asserts that an example prints its usage if its arguments are wrong. */
export async function assertPrintsUsage(name: string, ...args: string[]): Promise<void> {
  const { code, err } = await runExample(name, ...args);
  assertEquals(code, 2);
  assertStringIncludes(err, "Usage:");
}

/** Asserts that an example stops waiting after `--timeout`. */
export async function assertTimesOut(name: string, ...args: string[]): Promise<void> {
  const { code, err } = await runExample(name, ...args, "--timeout", "50");
  assertEquals(code, 1);
  assertStringIncludes(err, "TimeoutError");
}
