/**
 * Maximum time that a process can keep the output open after the tests have ended, in milliseconds.
 */
const PATIENCE = 10_000;

/** The results of a group of test files. */
export interface Outcome {
  files: readonly string[];
  /** The output of the tests, in the order of arrival. */
  output: string;
  /** Whether `deno test` succeeded and ended completely. */
  success: boolean;
  /** The number of tests that passed. */
  passed: number;
  /** The number of tests that failed. It can be 0 although `success` is false. */
  failed: number;
  /** The duration in milliseconds. */
  time: number;
}

/**
 * Runs test files in a new process.
 *
 * @param flags More flags for `deno test`.
 * @param options `live`: whether the output is written as it arrives, and not only at the end.
 */
export async function runGroup(
  files: readonly string[],
  flags: readonly string[],
  { live }: { live: boolean },
): Promise<Outcome> {
  const begun = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--no-check",
      // The permissions of deno.json. Without -q, Deno warns that they are an experiment.
      "-P",
      "-q",
      "--no-prompt",
      "--preload=src/testing.ts",
      ...flags,
      ...files,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const late = new AbortController();
  const collect = (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
    stream.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        write(text) {
          output += text;
          if (live) write(text);
        },
      }),
      { signal: late.signal },
    );
  const collected = Promise.allSettled([collect(child.stdout), collect(child.stderr)]);
  const { success, code } = await child.status;
  const timer = setTimeout(() => late.abort(), PATIENCE);
  await collected;
  clearTimeout(timer);
  if (late.signal.aborted) output += "\nA process that the tests started is still running.\n";
  if (!live) write(output);

  const [, passed, failed] = withoutColours(output).match(/ \| (\d+) passed.* \| (\d+) failed/) ??
    [];
  if (passed === undefined) output += `\n${files.join(" ")} ended with exit code ${code}\n`;
  return {
    files,
    output,
    success: success && !late.signal.aborted && passed !== undefined,
    passed: Number(passed ?? 0),
    failed: Number(failed ?? 0),
    time: performance.now() - begun,
  };
}

/** Removes the colour codes of a terminal from a text. */
export function withoutColours(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
