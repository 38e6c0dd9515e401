import { type PeerPath, peerUrl } from "./peer_url.ts";
import { SLOWNESS } from "./slowness.ts";

/** Options of {@linkcode runPeer}. */
interface RunOptions {
  /** Flags for `deno run`. */
  flags?: string[];
  stderr?: "inherit" | "null";
  /** Time limit for the whole run, in milliseconds. @default 60_000 */
  timeout?: number;
}

/** Runs a script to its end and returns the lines that it wrote. */
export async function runPeer(
  script: PeerPath,
  args: string[] = [],
  { flags = [], stderr = "inherit", timeout = 60_000 }: RunOptions = {},
): Promise<string[]> {
  const url = peerUrl(script).href;
  const signal = AbortSignal.timeout(timeout * SLOWNESS);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", ...flags, url, ...args],
    stderr,
    signal,
  }).output();
  const text = new TextDecoder().decode(stdout).trimEnd();
  if (signal.aborted) {
    throw new Error(
      `${script} did not end within ${timeout * SLOWNESS} ms, and wrote ${JSON.stringify(text)}`,
    );
  }
  return text.split(/\r?\n/);
}
