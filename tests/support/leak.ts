import { AssertionError } from "@std/assert";
import { queryObject } from "../../ffi/handle.ts";
import { openLibrary } from "./open_library.ts";

/** Handle values are multiples of 4; this is beyond any that a test gets. */
const HIGHEST = 16_384;
const ATTEMPTS = 2;
const HANDFUL = 8;

/** The kinds of the handles that this process has: GetProcessHandleCount always says 0 on Wine. */
function kindsOfHandles(): string[] {
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

/** How many of each kind there are: `30 Event, 7 Section`. */
function summarize(kinds: string[]): string {
  const groups = [...Map.groupBy(kinds, (kind) => kind)].sort();
  return groups.map(([kind, { length }]) => `${length} ${kind}`).join(", ");
}

/** Has Deno start all threads of its pool, four for each processor: they have a handle each. */
async function fillPool(): Promise<void> {
  using kernel32 = openLibrary("kernel32.dll", {
    Sleep: { parameters: ["u32"], result: "void", nonblocking: true },
  });
  const threads = navigator.hardwareConcurrency * 4;
  await Promise.all(Array.from({ length: threads }, () => kernel32.symbols.Sleep(50)));
}

/**
 * Asserts that something leaves no handle behind.
 *
 * The threads of Deno's pool come and go by themselves, so all of them are there when handles
 * are counted; those of the system's wait threads do as well, and a handful may have started
 * meanwhile. A leak is more than that, one for each round, of which there are ten at least, and it
 * does not stop: what is more at the second count than at the first one, is again at the third.
 * The first count comes after one round, which may leave what is left once.
 *
 * @param rounds How often it is done, enough for a leak to show.
 * @param round What is done.
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
  throw new AssertionError(`Ever more handles are open: ${counts.map(summarize).join("; ")}`);
}
