import { struct } from "../../../../src/struct/mod.ts";
import { sharedLock, sharedReadWriteLock } from "../../../../src/sync/mod.ts";

/** The shared struct of the tests. Each lock protects the numbers after it. */
export const State = struct({
  lock: sharedLock,
  count: "u32",
  pair: sharedReadWriteLock,
  first: "u32",
  second: "u32",
});
