/** The handlers that peers serve. */
export const handlers = {
  add: ([a, b]: [number, number]): number => a + b,
  fail(): void {
    throw new RangeError("on purpose");
  },
  async wait(_: undefined, { signal }: { signal: AbortSignal }): Promise<void> {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
  async *count(to: number): AsyncGenerator<number> {
    for (let number = 0; number < to; number++) yield number;
  },
};
