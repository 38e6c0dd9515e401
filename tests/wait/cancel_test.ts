import { assertEquals } from "@std/assert";
import { Cancellation, RepeatingTimer } from "../../src/wait/options.ts";

/** A signal that counts its listeners. */
class CountedSignal {
  count = 0;
  readonly controller = new AbortController();
  readonly signal = this.controller.signal;

  constructor() {
    const { signal } = this;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      this.count++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      this.count--;
      removeEventListener.apply(signal, args);
    };
  }
}

const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

Deno.test("Cancellation calls onTimeout and onAbort once each", async () => {
  const { signal, controller } = new CountedSignal();
  const calls: unknown[] = [];
  const late = Promise.withResolvers<void>();
  using _ = new Cancellation({
    timeout: 1,
    onTimeout: () => {
      calls.push("late");
      late.resolve();
    },
    signal,
    onAbort: (reason) => calls.push(reason),
  });
  await late.promise;
  const reason = new Error("enough");
  controller.abort(reason);
  controller.abort(new Error("too late"));
  assertEquals(calls, ["late", reason]);
});

Deno.test("Cancellation calls nothing and leaves no listener after it is disposed of", async () => {
  const counted = new CountedSignal();
  const calls: unknown[] = [];
  {
    using _ = new Cancellation({
      timeout: 0,
      onTimeout: () => calls.push("late"),
      signal: counted.signal,
      onAbort: (reason) => calls.push(reason),
    });
    assertEquals(counted.count, 1);
  }
  counted.controller.abort();
  await pause(5);
  assertEquals([counted.count, calls], [0, []]);
});

Deno.test("Cancellation sets no timer for a timeout that is too long for a timer", async () => {
  const calls: unknown[] = [];
  for (const timeout of [2 ** 31, Infinity]) {
    // It needs no disposal, because it has no timer.
    new Cancellation({ timeout, onTimeout: () => calls.push(timeout) });
  }
  await pause(20);
  assertEquals(calls, []);
});

Deno.test("RepeatingTimer pauses twice as long each time, up to a limit, until it is disposed of", async () => {
  const times = [performance.now()];
  const done = Promise.withResolvers<void>();
  using stack = new DisposableStack();
  const look = () => {
    if (times.push(performance.now()) < 5) return;
    // No further call follows, although the disposal happens inside a call.
    stack.dispose();
    done.resolve();
  };
  stack.use(new RepeatingTimer(look, { first: 5, max: 20 }));
  await done.promise;
  await pause(50);
  assertEquals(times.length, 5);
  const pauses = times.slice(1).map((time, at) => time - times[at]!);
  for (const [at, least] of [5, 10, 20, 20].entries()) assertEquals(pauses[at]! >= least - 1, true);
});
