import { getHeapStatistics } from "node:v8";

/** More than one, because the first calls run code that is not compiled yet, which allocates more. */
const CALLS = 8;

/**
 * Returns the number of bytes that V8 allocates for each of `count` messages. The bytes that a
 * garbage collection frees meanwhile count too.
 *
 * @param count The number of messages. V8 counts blocks of some 100 KB, so only a large number gives
 *   a precise result: 100,000 messages give some 5 bytes too much.
 * @param write Writes that many messages.
 * @param read Reads the messages. To count copies, it must keep them: V8 removes the allocation of
 *   an object that no code keeps.
 */
export function allocatedPerMessage(
  count: number,
  { write, read }: { write: (count: number) => void; read: () => void },
): number {
  const found = Array.from({ length: CALLS }, () => {
    write(count);
    const before = allocated();
    read();
    return (allocated() - before) / count;
  });
  return Math.min(...found);
}

/** Returns the number of bytes that V8 has allocated for this thread until now. */
function allocated(): number {
  // The types of node:v8 do not have this field yet.
  const bytes: unknown = Reflect.get(getHeapStatistics(), "total_allocated_bytes");
  if (typeof bytes !== "number") throw new TypeError(`Expected a number, got ${bytes}`);
  return bytes;
}
