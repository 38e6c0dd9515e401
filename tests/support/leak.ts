import { AssertionError } from "@std/assert";
import { queryObject } from "../../ffi/handle.ts";
import { openLibrary } from "./open_library.ts";

/** Upper bound of the handle values to look at, above all values that a test gets. */
const HIGHEST = 16_384;
const ATTEMPTS = 2;
/** Handles that can be opened by the system itself in one attempt. */
const HANDFUL = 8;

/** Returns the kinds of this process's handles. On Wine, GetProcessHandleCount always returns 0. */
export function kindsOfHandles(): string[] {
  const kinds: string[] = [];
  for (let value = 4n; value < HIGHEST; value += 4n) {
    try {
      kinds.push(queryObject(value, "Cannot count handles").type);
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
  return kinds;
}

/** Returns the number of handles of each kind as text: `30 Event, 7 Section`. */
function summarize(kinds: string[]): string {
  const groups = [...Map.groupBy(kinds, (kind) => kind)].sort();
  return groups.map(([kind, { length }]) => `${length} ${kind}`).join(", ");
}

/** Makes Deno start all threads of its pool, four for each processor. Each has a handle. */
async function fillPool(): Promise<void> {
  using kernel32 = openLibrary("kernel32.dll", {
    Sleep: { parameters: ["u32"], result: "void", nonblocking: true },
  });
  const threads = navigator.hardwareConcurrency * 4;
  await Promise.all(Array.from({ length: threads }, () => kernel32.symbols.Sleep(50)));
}

/**
 * Asserts that a function leaves no handle open.
 *
 * Threads of Deno's pool start and end by themselves. So all of them are started before the handles
 * are counted. The system's wait threads do the same, so a few more handles are no leak. A leak
 * adds one handle or more in each round, and does so in each attempt.
 *
 * The first count comes after one round, because the first round can open handles that stay open
 * once.
 *
 * @param rounds The number of calls in one attempt, enough to show a leak.
 * @param round The function to check. It gets the number of the call.
 */
export async function assertLeavesNoHandle(
  rounds: number,
  round: (index: number) => unknown,
): Promise<void> {
  await round(0);
  await fillPool();
  const counts = [kindsOfHandles()];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    for (let index = 0; index < rounds; index++) await round(index);
    await fillPool();
    const before = counts.at(-1)!.length;
    counts.push(kindsOfHandles());
    if (counts.at(-1)!.length <= before + HANDFUL) return;
  }
  throw new AssertionError(`More and more handles are open: ${counts.map(summarize).join("; ")}`);
}
