// Makes 100,000 calls of each kind of end, and writes by how many bytes the heap has grown, and how
// many listeners are left at a signal that lives on. Needs --v8-flags=--expose-gc.

import { client, serve } from "../../../src/rpc/mod.ts";
import { SLOWNESS } from "../../support/slowness.ts";
import { pairLinks } from "../support/pair_link.ts";

const COUNT = 100_000;
const TOGETHER = 100;

const handlers = {
  echo: (value: number) => value,
  fail(): void {
    throw new Error("failed");
  },
  later: async (value: number) => {
    await Promise.resolve();
    return value;
  },
  uncloneable: () => () => {},
  wait: (_: undefined, { signal }: { signal: AbortSignal }) =>
    new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
  async *numbers() {
    for (let number = 0;; number++) yield await Promise.resolve(number);
  },
};

const [near, far] = pairLinks();
const service = serve(far, handlers);
const caller = client<typeof handlers>(near);

// A signal that outlives all calls.
const { signal } = new AbortController();
let listeners = 0;
const [add, remove] = [signal.addEventListener, signal.removeEventListener];
signal.addEventListener = function (...args: Parameters<typeof add>) {
  listeners++;
  add.apply(this, args);
};
signal.removeEventListener = function (...args: Parameters<typeof remove>) {
  listeners--;
  remove.apply(this, args);
};

const ignore = () => {};
const echo = () => caller.call("echo", 1, { signal, timeout: 60_000 * SLOWNESS });
const ways = [
  ...Array<typeof echo>(14).fill(echo),
  () => caller.call("later", 1, { signal }),
  () => caller.call("fail", undefined, { signal }).catch(ignore),
  () => caller.call("uncloneable", undefined, { signal }).catch(ignore),
  () => caller.call("wait", undefined, { timeout: 0 }).catch(ignore),
  async () => {
    const controller = new AbortController();
    const call = caller.call("wait", undefined, { signal: controller.signal }).catch(ignore);
    controller.abort();
    await call;
  },
  async () => {
    for await (const number of caller.stream("numbers", undefined, { signal, ahead: 2 })) {
      if (number === 2) break;
    }
  },
];

async function callAll(count: number): Promise<void> {
  for (let done = 0; done < count; done += TOGETHER) {
    await Promise.all(Array.from({ length: TOGETHER }, (_, index) => ways[index % ways.length]!()));
  }
}

async function heapUsed(): Promise<number> {
  const collect: unknown = Reflect.get(globalThis, "gc");
  if (typeof collect !== "function") throw new Error("Run with --v8-flags=--expose-gc");
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve));
    collect();
  }
  return Deno.memoryUsage().heapUsed;
}

await callAll(COUNT / 10);
const before = await heapUsed();
await callAll(COUNT);
const grown = await heapUsed() - before;
console.log(`${grown} ${listeners}`);
caller.close();
await service.finished;
