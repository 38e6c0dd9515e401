// Task: test:peers

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { serialize } from "node:v8";
import type { WorkerTokenFields } from "../../src/memory/mod.ts";
import {
  BroadcastRing,
  RingChannel,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  SharedSemaphore,
  struct,
} from "../../mod.ts";
import { assertLeavesNoHandle, kindsOfHandles } from "../support/leak.ts";
import { randomName } from "../support/random_name.ts";
import { SOON, soon, throws } from "./owning_worker.ts";
import { TokenWorker } from "./token_worker.ts";

const PATIENT = { timeout: 20_000 };
const isGone = (name: string) =>
  throws(Deno.errors.NotFound, () => SharedMemory.open(name).close());

for (const kind of ["web", "node"] as const) {
  Deno.test(`A Worker of the ${kind} kind takes memory by a token, and each thread has its own handle`, async () => {
    using worker = await TokenWorker.start(kind);
    using memory = SharedMemory.anonymous(4096);
    using view = memory.map();
    for (let round = 1; round <= 3; round++) {
      const answer = await worker.ask("increment", memory.forWorker());
      assertEquals(answer, [undefined, "readwrite", 4096, false, round]);
      // The Worker has closed its object. The object of this thread still works.
      memory.map().close();
      assertEquals(view.bytes[0], round);
    }
  });
}

Deno.test("A token keeps the name of memory, and gives no more access than it was made with", async () => {
  using worker = await TokenWorker.start();
  using memory = SharedMemory.create(randomName(), 4096);
  const answer = await worker.ask("increment", memory.forWorker({ access: "read" }));
  assertEquals(answer, [memory.name, "read", 4096, false, 0]);
  using toRead = memory.toReadOnly();
  assertEquals((await worker.ask<string[]>("increment", toRead.forWorker()))[1], "read");
  const ask = () => toRead.forWorker({ access: "readwrite" });
  assertThrows(ask, Deno.errors.PermissionDenied, 'with access "readwrite"');
});

Deno.test("The parent takes memory of its Worker by a token, which works as long as the Worker runs", async () => {
  const names = [randomName(), randomName()];
  using worker = await TokenWorker.start();
  const taken = await worker.ask<WorkerTokenFields>("make memory", names[0]);
  using memory = SharedMemory.fromWorker(taken);
  const untaken = await worker.ask<WorkerTokenFields>("make memory", names[1]);
  worker[Symbol.dispose]();
  await soon("the second name is free", () => isGone(names[1]!));
  const take = () => SharedMemory.fromWorker(untaken);
  assertThrows(take, Deno.errors.BadResource, "it was taken or closed");
  // The end of the Worker did not close the object of this thread.
  using view = memory.map();
  assertEquals(view.bytes[0], 7);
  assert(!isGone(names[0]!));
});

Deno.test("A token works once, also if it was cloned", () => {
  using memory = SharedMemory.anonymous(4096);
  const token = memory.forWorker();
  const clones = [token, structuredClone(token), structuredClone({ deep: [token] }).deep[0]!];
  using _taken = SharedMemory.fromWorker(clones[2]!);
  for (const clone of clones) {
    const take = () => SharedMemory.fromWorker(clone);
    assertThrows(take, Deno.errors.BadResource, "a token works once");
  }
  token.close();
  token.close();
});

Deno.test("Of several Workers that get one token at the same time, exactly one takes it", async () => {
  using stack = new DisposableStack();
  const starts = Array.from({ length: 3 }, () => TokenWorker.start());
  const workers = (await Promise.all(starts)).map((worker) => stack.use(worker));
  using memory = SharedMemory.anonymous(4096);
  for (let round = 0; round < 30; round++) {
    const token = memory.forWorker();
    const answers = Promise.all(workers.map((worker) => worker.ask<string>("take", token)));
    if (round % 3 === 0) token.close();
    const taken = (await answers).filter((answer) => answer === "taken");
    assert(taken.length === 1 || (round % 3 === 0 && taken.length === 0), `${await answers}`);
    assertEquals((await answers).length - taken.length, 3 - taken.length);
  }
});

Deno.test("close() of a token closes its handle, unless the token was taken before", () => {
  const name = randomName();
  const memory = SharedMemory.create(name, 4096);
  const token = memory.forWorker();
  memory.close();
  assert(!isGone(name), "the token keeps the memory");
  token.close();
  assert(isGone(name));
  const take = () => SharedMemory.fromWorker(token);
  assertThrows(
    take,
    Deno.errors.BadResource,
    `the memory "Local\\${name}": it was taken or closed`,
  );

  const other = SharedMemory.create(name, 4096);
  const second = other.forWorker();
  using taken = SharedMemory.fromWorker(second);
  second.close();
  other.close();
  taken.map().close();
});

Deno.test("Closed objects make no token", () => {
  const memory = SharedMemory.anonymous(4096);
  const event = SharedEvent.anonymous();
  const channel = RingChannel.anonymous();
  const ring = BroadcastRing.anonymous();
  for (const object of [memory, event, channel, ring]) {
    object.close();
    assertThrows(() => object.forWorker(), Deno.errors.BadResource, "is closed");
  }
});

Deno.test("No token can be serialized, so none reaches another process", async () => {
  using channel = RingChannel.anonymous();
  using sender = channel.sender();
  using token = channel.forWorker();
  assertThrows(() => serialize(token), Error, "could not be cloned");
  assertThrows(() => JSON.stringify(token), TypeError, "BigInt");
  const error = await assertRejects(() => sender.sendValue(token), DOMException);
  assertEquals(error.name, "DataCloneError");
});

Deno.test("fromWorker() refuses tokens of another process, of another kind, and other values", () => {
  using memory = SharedMemory.anonymous(4096);
  using event = SharedEvent.anonymous();
  using token = memory.forWorker();
  using eventToken = event.forWorker();
  for (const other of [{ ...token, pid: token.pid + 4 }, { ...token, start: token.start + 1n }]) {
    const take = () => SharedMemory.fromWorker(other);
    assertThrows(take, Deno.errors.BadResource, "works only in the process that made it");
  }
  assertThrows(
    () => SharedMemory.fromWorker(eventToken),
    TypeError,
    'Expected a token of the kind "memory", got "event": use SharedEvent.fromWorker()',
  );
  for (const value of [undefined, null, 5, "token", {}, [], memory, { ...token, parts: [] }]) {
    assertThrows(() => Reflect.apply(SharedMemory.fromWorker, SharedMemory, [value]), TypeError);
  }
  // None of these took the handles.
  SharedMemory.fromWorker(token).close();
  SharedEvent.fromWorker(eventToken).close();
});

Deno.test("A forged token is an error, and closes no handle of this process", () => {
  using memory = SharedMemory.anonymous(4096);
  using event = SharedEvent.anonymous();
  using genuine = memory.forWorker();
  const forge = (number: bigint): WorkerTokenFields => {
    const words = new BigUint64Array([number]);
    const shared = new BigUint64Array(new SharedArrayBuffer(8));
    shared.set(words);
    return { ...genuine, parts: [{ words: shared.buffer, index: 0, number }] };
  };
  const { BadResource } = Deno.errors;
  const take = (number: bigint) => () => SharedMemory.fromWorker(forge(number));
  assertThrows(take(event.unsafeHandle), BadResource, 'it is a handle of kind "Event"');
  assertThrows(take(memory.unsafeHandle), BadResource, "this script owns it already");
  for (const number of [0n, 0x7000_0000n, 0xffff_fffcn, 2n ** 64n - 1n]) {
    assertThrows(take(number), BadResource);
  }
  const mixed = { ...genuine, parts: [{ ...genuine.parts[0]!, index: 2 ** 40 }] };
  assertThrows(() => SharedMemory.fromWorker(mixed), BadResource, "was taken or closed");
  event.set();
  memory.map().close();
});

Deno.test("Random fields in a token never crash the process, and each is an error of ours", () => {
  using memory = SharedMemory.anonymous(4096);
  // deno-fmt-ignore
  const odd: readonly unknown[] = [
    undefined, null, -1, 0.5, NaN, 2 ** 53, "", "memory", "channel", "__proto__", 1n, -1n, 2n ** 70n,
    [], {}, new SharedArrayBuffer(3), new SharedArrayBuffer(0), new ArrayBuffer(8), [null], [{}],
  ];
  const taken: string[] = [];
  for (const field of ["kind", "name", "pid", "start", "parts", "words", "index", "number"]) {
    for (const value of odd) {
      using token = memory.forWorker();
      const forged = Object.hasOwn(token, field)
        ? { ...token, [field]: value }
        : { ...token, parts: [{ ...token.parts[0], [field]: value }] };
      try {
        Reflect.apply(SharedMemory.fromWorker, SharedMemory, [forged]).close();
        taken.push(field);
      } catch (error) {
        const isOurs = error instanceof TypeError || error instanceof Deno.errors.BadResource;
        assert(isOurs, `${field}: ${error}`);
        assertMatch(error.message, /^(Expected (a|the) token|Cannot take the token)/);
      }
    }
  }
  // The name is only a label: undefined and four texts. "memory" is the right kind.
  assertEquals(taken, ["kind", "name", "name", "name", "name", "name"]);
});

Deno.test("An object that a Worker took by a token is closed when the Worker is terminated", async () => {
  const name = randomName();
  const memory = SharedMemory.create(name, 4096);
  {
    using worker = await TokenWorker.start();
    assertEquals(await worker.ask("keep memory", memory.forWorker()), memory.name);
    memory.close();
    assert(!isGone(name));
  }
  await soon("the name is free", () => isGone(name));
});

Deno.test("A Worker that is terminated while it takes tokens leaves no handle", async () => {
  const name = randomName();
  const memory = SharedMemory.create(name, 4096);
  const tokens = Array.from({ length: 1000 }, () => memory.forWorker());
  memory.close();
  {
    using worker = await TokenWorker.start();
    await worker.ask("take many", tokens);
    await new Promise((resolve) => setTimeout(resolve, 10 * Math.random()));
  }
  // The Worker goes on for a while. Each handle is closed either by its reaper or here.
  for (const token of tokens) token.close();
  await soon("the name is free", () => isGone(name));
});

Deno.test("A Worker takes events, semaphores and mutexes by tokens", async () => {
  using event = SharedEvent.anonymous();
  using semaphore = SharedSemaphore.anonymous();
  using mutex = SharedMutex.anonymous();
  {
    using worker = await TokenWorker.start();
    await worker.ask("set event", event.forWorker());
    await event.wait(PATIENT);
    await worker.ask("release semaphore", semaphore.forWorker());
    for (let count = 0; count < 3; count++) semaphore.waitSync({ timeout: 0 });
    await worker.ask("lock mutex", mutex.forWorker());
    assertEquals(mutex.tryLock(), undefined, "the Worker holds the mutex");
  }
  using lock = await mutex.lock(PATIENT);
  assert(lock.abandoned, "the Worker was terminated");
});

Deno.test("Channels without names connect the main thread and a Worker in both directions", async () => {
  using worker = await TokenWorker.start();
  using questions = RingChannel.anonymous();
  using answers = RingChannel.anonymous();
  using sender = questions.sender();
  using receiver = answers.receiver();
  const tokens = { questions: questions.forWorker(), answers: answers.forWorker() };
  const over = worker.ask("upper", tokens);
  for (let count = 0; count < 1000; count++) {
    await sender.sendValue(`text ${count}`);
    const answer = await receiver.receiveValue(PATIENT);
    assertEquals(answer?.value, `TEXT ${count}`);
  }
  sender.close();
  await over;
  assertEquals(await receiver.receiveValue(PATIENT), undefined);
});

Deno.test("The sender gets BrokenPipe when the Worker that took the channel is terminated", async () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using sender = channel.sender();
  {
    using worker = await TokenWorker.start();
    await worker.ask("receiver", channel.forWorker());
    assertThrows(() => channel.receiver(), Deno.errors.Busy, "thread");
  }
  const fill = async () => {
    for (;;) await sender.send(new Uint8Array(100), SOON);
  };
  await assertRejects(fill, Deno.errors.BrokenPipe);
});

Deno.test("A Worker receives from a broadcast ring without a name", async () => {
  using worker = await TokenWorker.start();
  using ring = BroadcastRing.anonymous();
  using sender = ring.sender();
  assertEquals(await worker.ask("broadcast", ring.forWorker()), "listening");
  const received = worker.next<Uint8Array>();
  sender.send(Uint8Array.of(1, 2, 3));
  sender.flush();
  assertEquals(await received, Uint8Array.of(1, 2, 3));
});

Deno.test("Tokens leave no handle behind, whether they are taken, closed, or left by a Worker", async () => {
  const countEvents = () => kindsOfHandles().filter((kind) => kind === "Event").length;
  await assertLeavesNoHandle(3, async () => {
    const before = countEvents();
    using memory = SharedMemory.anonymous(4096);
    using channel = RingChannel.anonymous({ capacity: 1024 });
    for (let count = 0; count < 30; count++) {
      SharedMemory.fromWorker(memory.forWorker()).close();
      memory.forWorker().close();
      channel.forWorker().close();
      RingChannel.fromWorker(channel.forWorker()).close();
    }
    using worker = await TokenWorker.start();
    // More than the first notes of a Worker, so that their memory grows.
    const tokens = await worker.ask<WorkerTokenFields[]>("make tokens", 300);
    for (const token of tokens.slice(0, 50)) SharedEvent.fromWorker(token).close();
    // The notes of the tokens that were taken are used again.
    const more = await worker.ask<WorkerTokenFields[]>("make tokens", 300);
    assert(
      more.some(({ parts: [part] }) =>
        tokens.some(({ parts: [old] }) => old?.index === part?.index)
      ),
    );
    for (const token of [...tokens.slice(0, 50)]) {
      assertThrows(() => SharedEvent.fromWorker(token), Deno.errors.BadResource);
    }
    worker[Symbol.dispose]();
    // The Worker had 600 events and 550 tokens. They are closed one after another.
    const deadline = performance.now() + PATIENT.timeout;
    while (countEvents() > before + 20) {
      assert(performance.now() < deadline, "all events are closed");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
});

Deno.test("A typed ring is taken with its layout of messages, and refused with another one", async () => {
  const Trade = struct({ price: "f64" });
  const Quote = struct({ bid: "f64" });
  const isOfAnother = [Deno.errors.InvalidData, "bid"] as const;
  await assertLeavesNoHandle(20, async () => {
    using channel = RingChannel.anonymous({ message: Trade });
    using sender = channel.sender();
    assertThrows(
      () => RingChannel.fromWorker(channel.forWorker(), { message: Quote }),
      ...isOfAnother,
    );
    assertThrows(() => RingChannel.fromWorker(channel.forWorker()), Deno.errors.InvalidData);
    using same = RingChannel.fromWorker(channel.forWorker(), { message: Trade });
    using receiver = same.receiver();
    await sender.write({ price: 1.5 });
    assertEquals(await receiver.receive(PATIENT), { price: 1.5 });

    using ring = BroadcastRing.anonymous({ message: Trade });
    using publisher = ring.sender();
    assertThrows(
      () => BroadcastRing.fromWorker(ring.forWorker(), { message: Quote }),
      ...isOfAnother,
    );
    assertThrows(() => BroadcastRing.fromWorker(ring.forWorker()), Deno.errors.InvalidData);
    using sameRing = BroadcastRing.fromWorker(ring.forWorker(), { message: Trade });
    using subscriber = sameRing.receiver();
    publisher.write({ price: 2.5 });
    assertEquals(await subscriber.receive(PATIENT), { price: 2.5 });
  });
});
