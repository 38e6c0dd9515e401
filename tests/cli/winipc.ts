/**
 * Runs the command `winipc` as a process.
 *
 * @module
 */

import { SLOWNESS } from "../support/slowness.ts";

/** What a call of the command left behind. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Options of {@linkcode winipc}. */
interface RunOptions {
  /** Text for the standard input. Without it, the standard input is empty. */
  readonly stdin?: string;
  /** The permissions of the process. @default ["--allow-ffi"] */
  readonly flags?: readonly string[];
  /** Time limit in milliseconds. @default 60_000 */
  readonly timeout?: number;
}

/** The words after `deno` that run the command. */
export function commandLine(args: readonly string[], flags: readonly string[] = ["--allow-ffi"]) {
  const cli = new URL("../../cli.ts", import.meta.url).href;
  return ["run", "-q", "--no-prompt", "--no-check", ...flags, cli, ...args];
}

/** Runs the command to its end. Its outputs are no terminals. Line breaks become `\n`. */
export async function winipc(
  args: readonly string[],
  { stdin = "", flags, timeout = 60_000 }: RunOptions = {},
): Promise<Ended> {
  const child = new Deno.Command(Deno.execPath(), {
    args: commandLine(args, flags),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(timeout * SLOWNESS),
  }).spawn();
  const input = child.stdin.getWriter();
  // A command that ends early closes its standard input.
  input.write(new TextEncoder().encode(stdin)).then(() => input.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).replaceAll("\r\n", "\n");
  return { code, out: text(stdout), err: text(stderr) };
}
