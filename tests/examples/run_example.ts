import { assertEquals, assertStringIncludes } from "@std/assert";

/** What an example wrote, and how it ended. */
export interface Outcome {
  /** Its exit code. */
  code: number;
  /** Its standard output. */
  out: string;
  /** Its standard error. */
  err: string;
}

/** Runs an example with the permissions that the README documents for a local checkout, and no others. */
export async function runExample(name: string, ...args: string[]): Promise<Outcome> {
  const script = new URL(`../../examples/${name}`, import.meta.url).href;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", "--allow-read", script, ...args],
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, err: err! };
}

/** Asserts that an example says how it is used where it is used in another way. */
export async function assertSaysUsage(name: string, ...args: string[]): Promise<void> {
  const { code, err } = await runExample(name, ...args);
  assertEquals(code, 2);
  assertStringIncludes(err, "Usage:");
}

/** Asserts that an example that waits for something gives up after `--timeout`. */
export async function assertGivesUp(name: string, ...args: string[]): Promise<void> {
  const { code, err } = await runExample(name, ...args, "--timeout", "50");
  assertEquals(code, 1);
  assertStringIncludes(err, "TimeoutError");
}
