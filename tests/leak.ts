import { assertEquals } from "@std/assert";
import { openLibrary } from "./open_library.ts";

/** Handle values are multiples of 4; this is beyond any that a test gets. */
const HIGHEST = 16_384;
const BATCHES = 5;

/** How many handles this process has: GetProcessHandleCount always says 0 on Wine. */
function countHandles(): number {
  using kernel32 = openLibrary("kernel32.dll", {
    GetHandleInformation: { parameters: ["usize", "buffer"], result: "i32" },
  });
  const { GetHandleInformation } = kernel32.symbols;
  const flags = new Uint32Array(1);
  let count = 0;
  for (let value = 4n; value < HIGHEST; value += 4n) {
    if (GetHandleInformation(value, flags)) count++;
  }
  return count;
}

/**
 * Asserts that something leaves no handle behind.
 *
 * A leak shows in every batch. What shows in one and not in the next are the threads of Deno's
 * pool, which have a handle each, and come and go by themselves.
 *
 * @param batch What is done, often enough for a leak to outweigh a few threads.
 */
export async function assertLeavesNoHandle(batch: () => void | Promise<void>): Promise<void> {
  await batch();
  const counts = [countHandles()];
  for (let i = 0; i < BATCHES; i++) {
    await batch();
    counts.push(countHandles());
    if (counts.at(-1) === counts.at(-2)) return;
  }
  assertEquals(counts, new Array(counts.length).fill(counts[0]));
}
