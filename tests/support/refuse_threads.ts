/**
 * Makes each start of a thread fail, as if the system had no resources for it. A thread's program
 * is encoded by `btoa()`.
 */
export function refuseThreads(): void {
  Reflect.set(globalThis, "btoa", () => {
    throw new Error("There is no thread");
  });
}
