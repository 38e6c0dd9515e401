import { assertEquals } from "@std/assert";
import { RingChannel } from "../../../mod.ts";
import { randomName } from "../../support/random_name.ts";

/** Throws if a promise takes 5 seconds. A timeout of receive() would hide a lost wake-up. */
async function soon<T>(promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("It was not woken")), 5000);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Starts a Worker that closes its receiver while a wait is just beginning. */
async function closeWhileItWaits(name: string): Promise<{ worker: Worker; isOver: () => boolean }> {
  const code = `
    import { RingChannel } from ${JSON.stringify(import.meta.resolve("../../../mod.ts"))};
    const receiver = RingChannel.open(${JSON.stringify(name)}).receiver();
    receiver.receive().catch(() => {}).then(() => postMessage("over"));
    setTimeout(() => {
      receiver.close();
      postMessage("closed");
    }, 20);
  `;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
  let isOver = false;
  await new Promise<void>((resolve) =>
    worker.onmessage = ({ data }) => {
      if (data === "closed") resolve();
      else isOver = true;
    }
  );
  return { worker, isOver: () => isOver };
}

Deno.test("A receiver that is closed during a wait takes no event of the next receiver", async () => {
  const name = randomName();
  using channel = RingChannel.create(name);
  using sender = channel.sender();
  const { worker, isOver } = await closeWhileItWaits(name);
  using receiver = channel.receiver();
  for (let number = 0; number < 256 && !isOver(); number++) {
    const next = soon(receiver.receive());
    await new Promise((resolve) => setTimeout(resolve, 20));
    sender.sendSync(Uint8Array.of(number));
    assertEquals(await next, Uint8Array.of(number));
  }
  assertEquals(isOver(), true);
  worker.terminate();
});
