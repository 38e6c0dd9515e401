import { peerUrl } from "../../support/peer_url.ts";

/**
 * Rings whose counters wrap while they are used, at random, by ends in one process and in two.
 *
 * @module
 */

/** Rounds to do. */
export interface WrapOptions {
  /** The first round's seed, an integer from 1; each further one has the next integer. */
  seed: number;
  /** How many. */
  rounds: number;
  /** Flags for Deno itself. */
  flags?: readonly string[];
  /** The most that all of them may take, in milliseconds. */
  timeout: number;
}

/** What came of rounds. */
export interface WrapResult {
  /** How many came to their end, of each kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** `undefined` if all is well; or in which round what went wrong, and all that the processes wrote. */
  readonly failure: string | undefined;
}

/**
 * Does rounds in a process of their own, which may crash.
 *
 * @param options Which.
 */
export async function wrap(
  { seed, rounds, flags = [], timeout }: WrapOptions,
): Promise<WrapResult> {
  const script = peerUrl("channel/wrap/peers/rounds.ts").href;
  const permissions = ["--no-prompt", "--allow-ffi", "--allow-read", "--allow-run"];
  const signal = AbortSignal.timeout(timeout);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, ...permissions, script, `${seed}`, `${rounds}`, ...flags],
    signal,
  }).output();
  const decoder = new TextDecoder();
  const begun = decoder.decode(stdout).trimEnd().split(/\r?\n/);
  const isDone = code === 0 && begun.at(-1) === "all";
  const last = begun.pop();
  const counts: Record<string, number> = {};
  for (const line of begun) {
    const kind = line.replace(/^\d+ /, "");
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  if (isDone) return { counts, failure: undefined };
  const how = signal.aborted ? `took more than ${timeout} ms` : `ended with ${statusOf(code)}`;
  const failure = `The process ${how} in round ${last}:\n${decoder.decode(stderr)}`;
  return { counts, failure };
}

/** An exit code, in the way that Windows writes what a crash ends with. */
function statusOf(code: number): string {
  return code >= 0 && code < 256 ? `${code}` : `0x${(code >>> 0).toString(16)}`;
}
