/**
 * Shares memory without a name with child processes. The children count primes. Each child tests
 * some of the numbers, and writes its count to the memory that it inherits.
 *
 *     deno run --allow-ffi examples/inherited_memory.ts --below 100000
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { SharedMemory, spawn } from "@winipc/winipc";

/** The key by which the children find the memory. */
const KEY = "primes";

/** Counts the primes below a number with several children. Returns their counts and process ids. */
export async function countPrimes(
  below: number,
  children: number,
  signal: AbortSignal,
): Promise<{ counts: number[]; pids: number[] }> {
  using memory = SharedMemory.anonymous(children * 4);
  using view = memory.map();
  const script = ["run", "--no-prompt", "--allow-ffi", import.meta.url];
  const started = Array.from({ length: children }, (_, index) =>
    spawn(Deno.execPath(), {
      args: [...script, "--child", `${index}`, "--children", `${children}`, "--below", `${below}`],
      inherit: { [KEY]: memory },
      stdin: "null",
      killWithParent: true,
      signal,
    }));
  for (const child of started) {
    const { success } = await child.status;
    if (!success) throw new Error(`Process ${child.pid} failed`);
  }
  return {
    counts: [...new Int32Array(view.buffer, 0, children)],
    pids: started.map(({ pid }) => pid),
  };
}

/** Counts the primes of one child's share, in the memory that the child inherited. */
function countShare(index: number, children: number, below: number): void {
  using memory = SharedMemory.inherited(KEY);
  using view = memory.map();
  const counts = new Int32Array(view.buffer, 0, children);
  for (let number = index; number < below; number += children) {
    if (isPrime(number)) counts[index]!++;
  }
}

function isPrime(number: number): boolean {
  for (let factor = 2; factor * factor <= number; factor++) {
    if (number % factor === 0) return false;
  }
  return number > 1;
}

if (import.meta.main) {
  const { child, children, below, help } = parseArgs(Deno.args, {
    string: ["child", "children", "below"],
    boolean: ["help"],
    default: { children: "3", below: "100000" },
  });
  if (help) {
    console.log("Usage: inherited_memory.ts [--below NUMBER] [--children COUNT]");
  } else if (child !== undefined) {
    countShare(Number(child), Number(children), Number(below));
  } else {
    const signal = AbortSignal.timeout(60_000);
    const { counts } = await countPrimes(Number(below), Number(children), signal);
    const sum = counts.reduce((sum, count) => sum + count, 0);
    console.log(`There are ${sum} primes below ${below}: ${counts.join(" + ")}`);
  }
}
