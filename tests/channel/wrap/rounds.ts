import { peerUrl } from "../../support/peer_url.ts";

/**
 * Runs rounds: ends in one process or in two use a ring at random while its counters wrap.
 *
 * @module
 */

/** Options of {@linkcode wrap}. */
export interface WrapOptions {
  /** The seed of the first round, an integer from 1. Each next round has the next integer. */
  seed: number;
  /** The number of rounds. */
  rounds: number;
  /** Flags for Deno itself. */
  flags?: readonly string[];
  /** Maximum time of all rounds together, in milliseconds. */
  timeout: number;
}

/** The result of rounds. */
export interface WrapResult {
  /** The number of rounds of each kind that ended well. */
  readonly counts: Readonly<Record<string, number>>;
  /**
   * The round that failed, and the output of its processes; `undefined` if all rounds ended well.
   */
  readonly failure: string | undefined;
}

/** Runs rounds in another process, because a round can crash its process. */
export async function wrap(
  { seed, rounds, flags = [], timeout }: WrapOptions,
): Promise<WrapResult> {
  const script = peerUrl("channel/wrap/peers/rounds.ts").href;
  const permissions = ["--no-prompt", "--allow-ffi", "--allow-run"];
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

/** Formats an exit code. The code of a crash is formatted as Windows writes it. */
function statusOf(code: number): string {
  return code >= 0 && code < 256 ? `${code}` : `0x${(code >>> 0).toString(16)}`;
}
