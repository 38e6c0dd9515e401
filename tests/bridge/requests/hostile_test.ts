// Task: test:bridge
//
// Peers and strangers that speak the protocol of NATS, but send something else than a link would.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { natsLink, natsLinks, type NatsLinksOptions } from "../../../src/bridge/mod.ts";
import {
  greetingBytes,
  NATS_KINDS,
  NatsFrame,
  readGreeting,
  START_LENGTH,
  WINDOW,
} from "../../../src/bridge/requests/frame.ts";
import { Incoming } from "../../../src/bridge/requests/incoming.ts";
import { decodeValue } from "../../../src/channel/ring/message.ts";
import type { MessageLink } from "../../../src/rpc/mod.ts";
import { AsyncQueue } from "../../../src/wait/queue.ts";
import { NatsServer } from "../../support/nats_server.ts";
import { soon } from "../../support/soon.ts";
import { within } from "../../support/within.ts";
import { connectTo } from "./nats.ts";

type Nats = Awaited<ReturnType<typeof connectTo>>;
/** What arrived for a raw client. */
interface Arrived {
  readonly data: Uint8Array;
  readonly reply: string;
}

/** A client that makes a link by the documented handshake, and then sends what it likes. */
class RawClient {
  readonly #connection: Nats["connection"];
  readonly #arrived = new AsyncQueue<Arrived>();
  readonly inbox: string;
  #far = { subject: "", token: 0n };

  constructor({ connection }: Nats, inbox: string = `_INBOX.${crypto.randomUUID()}`) {
    this.#connection = connection;
    this.inbox = inbox;
    connection.subscribe(inbox, {
      callback: (_, { data, reply = "" }) => this.#arrived.put({ data, reply }),
    });
  }

  /** Asks for a link, and returns the kind of the answer. */
  async ask(subject: string, window: number = WINDOW): Promise<string> {
    const hello = { kind: "hello", to: 0n, token: 77n, maxLength: 1000, window } as const;
    this.#connection.publish(subject, greetingBytes(hello), { reply: this.inbox });
    const { data, reply } = (await this.#arrived.take(soon))!;
    const greeting = readGreeting(data)!;
    assertEquals(greeting.to, 77n);
    this.#far = { subject: reply, token: greeting.token };
    return greeting.kind;
  }

  /** Returns the next message that arrives. */
  async take(): Promise<Uint8Array> {
    return (await this.#arrived.take(soon))!.data;
  }

  /** Sends a message on the subject of the link. */
  send(data: Uint8Array): void {
    this.#connection.publish(this.#far.subject, data);
  }

  /** Returns the bytes of a frame. */
  frame(
    kind: keyof typeof NATS_KINDS,
    sequence: number,
    content: Uint8Array = new Uint8Array(),
    token: bigint = this.#far.token,
  ): Uint8Array {
    const bytes = new Uint8Array(START_LENGTH + content.length);
    NatsFrame.write(bytes, { kind: NATS_KINDS[kind], sequence, token });
    bytes.set(content, START_LENGTH);
    return bytes;
  }
}

/** Starts a server with a source of links on the subject "calculator". */
async function start(stack: AsyncDisposableStack, options: NatsLinksOptions = {}) {
  const server = stack.use(await NatsServer.start());
  const [nats, far] = [await connectTo(server, stack), await connectTo(server, stack)];
  const source = natsLinks(far, "calculator", options);
  await far.connection.flush();
  const links = source[Symbol.asyncIterator]();
  const accept = async (): Promise<MessageLink> =>
    (await within("a client links", links.next())).value;
  return { server, nats, source, accept };
}

/** Makes a link, and returns its near and its far end. */
async function link({ nats, accept }: Awaited<ReturnType<typeof start>>) {
  return await Promise.all([natsLink(nats, "calculator", soon), accept()]);
}

/** Asserts that a value crosses a link. */
async function assertWorks([near, far]: readonly [MessageLink, MessageLink]): Promise<void> {
  await near.send("still there", soon);
  const next = far[Symbol.asyncIterator]().next();
  assertEquals((await within("a value comes", next)).value, "still there");
}

const FIVE = Uint8Array.of(5, 0, 0, 0);
const TEXT = new TextEncoder().encode("Hello, world\r\n");

/** What a peer sends after a first right message, and how the link must end. */
const ATTACKS: readonly [
  what: string,
  bytes: (raw: RawClient) => Uint8Array[],
  error: string,
  text: string,
][] = [
  ["a greeting", (raw) => [raw.frame("hello", 2)], "InvalidData", "that are no frame"],
  ["a value that is none", (raw) => [raw.frame("message", 2, TEXT)], "InvalidData", "not an enc"],
  ["an end with content", (raw) => [raw.frame("end", 2, TEXT)], "InvalidData", "are no frame"],
  ["a beat without content", (raw) => [raw.frame("alive", 2)], "InvalidData", "are no frame"],
  ["a false receipt", (raw) => [raw.frame("alive", 2, FIVE)], "InvalidData", "than this end has"],
  ["a message again", (raw) => [raw.frame("end", 1)], "InvalidData", "expected message 2"],
  ["a gap", (raw) => [raw.frame("end", 4)], "ConnectionReset", "2 messages of the peer are lost"],
  [
    "parts without an end",
    (raw) => Array.from({ length: 4 }, (_, at) => raw.frame("part", 2 + at, new Uint8Array(300))),
    "InvalidData",
    "a value of more than 1000 bytes",
  ],
];

Deno.test("Garbage of a peer ends its link over NATS with an error, and no other link", async () => {
  await using stack = new AsyncDisposableStack();
  const started = await start(stack, { maxMessageLength: 1000 });
  const other = await link(started);
  for (const [what, bytes, name, text] of ATTACKS) {
    const raw = new RawClient(started.nats);
    assertEquals(await raw.ask("calculator"), "welcome");
    raw.send(raw.frame("alive", 1, new Uint8Array(4)));
    const end = await started.accept();
    for (const data of bytes(raw)) raw.send(data);
    const error = await within(`the link ends after ${what}`, end[Symbol.asyncIterator]().next())
      .catch((error) => error);
    assertEquals(error.name, name, `${what}: ${error}`);
    assertStringIncludes(error.message, text, what);
    assertStringIncludes(error.message, 'link over NATS from a client of "calculator"');
    await within(`the link is closed after ${what}`, end.closed);
  }
  await assertWorks(other);
});

Deno.test("A link over NATS refuses more than its window, and tells when a quarter was taken", async () => {
  let told = 0;
  const incoming = new Incoming({
    label: "link",
    token: 5n,
    maxLength: 2 ** 20,
    onTaken: () => {
      told++;
      incoming.receipt();
    },
  });
  const raw = (kind: number, sequence: number) => {
    const bytes = new Uint8Array(WINDOW / 8);
    NatsFrame.write(bytes, { kind, sequence, token: 5n });
    return bytes;
  };
  for (let sequence = 1; sequence <= 8; sequence++) {
    assertEquals(incoming.hear(raw(NATS_KINDS.message, sequence)), "value");
  }
  await incoming.take();
  assertEquals(told, 0);
  await incoming.take();
  assertEquals(told, 1);
  incoming.hear(raw(NATS_KINDS.message, 9));
  incoming.hear(raw(NATS_KINDS.message, 10));
  const tooMuch = () => incoming.hear(raw(NATS_KINDS.message, 11));
  assertThrows(tooMuch, Deno.errors.InvalidData, `more than ${WINDOW} bytes`);
});

Deno.test("Short and empty parts of a value over NATS do not use up memory", async () => {
  const onTaken = () => void incoming.receipt();
  const incoming = new Incoming({ label: "link", token: 5n, maxLength: 2 ** 20, onTaken });
  let sequence = 0;
  const hear = (kind: keyof typeof NATS_KINDS, length: number) => {
    const bytes = new Uint8Array(START_LENGTH + length).fill(sequence + 1);
    NatsFrame.write(bytes, { kind: NATS_KINDS[kind], sequence: ++sequence, token: 5n });
    return incoming.hear(bytes);
  };
  const taken = incoming.take();
  const before = Deno.memoryUsage();
  for (let round = 0; round < 200; round++) {
    for (let at = 0; at < 1000; at++) hear("part", 0);
    await new Promise((resolve) => setTimeout(resolve));
  }
  // Each part that is kept holds an object and a buffer of 16 bytes.
  const { heapUsed, external } = Deno.memoryUsage();
  assert(heapUsed + external - before.heapUsed - before.external < 30e6);
  const expected: number[] = [];
  for (let at = 0; at < 2500; at++) {
    expected.push(sequence + 1 & 255);
    hear(at === 2499 ? "message" : "part", 1);
    if (at % 1000 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  assertEquals([...(await taken)!], expected);
});

Deno.test("A send over NATS that is stopped before its first part sends nothing of its value", async () => {
  await using stack = new AsyncDisposableStack();
  const started = await start(stack);
  const raw = new RawClient(started.nats);
  await raw.ask("calculator", 1024);
  raw.send(raw.frame("alive", 1, new Uint8Array(4)));
  const end = await started.accept();
  const frames: Uint8Array[] = [];
  const takeValue = async () => {
    for (;;) {
      const frame = new Uint8Array(await raw.take());
      if (NatsFrame.read(frame).kind !== NATS_KINDS.message) continue;
      frames.push(frame);
      return decodeValue(frame.slice(START_LENGTH));
    }
  };
  // Two such values fill the window.
  for (const value of ["a", "b"]) await end.send(value.repeat(400), soon);
  const late = () => end.send("c".repeat(400), { timeout: 50 });
  await assertRejects(late, Deno.errors.TimedOut, "the peer does not read");
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = end.send("d".repeat(400), { signal });
  controller.abort();
  assertEquals(await aborted.catch((error) => error), signal.reason);
  const sent = end.send("e".repeat(400), soon);
  assertEquals([await takeValue(), await takeValue()], ["a".repeat(400), "b".repeat(400)]);
  const taken = frames.reduce((sum, { length }) => sum + length, 0);
  const receipt = new Uint8Array(4);
  new DataView(receipt.buffer).setUint32(0, taken, true);
  raw.send(raw.frame("alive", 2, receipt));
  await sent;
  assertEquals(await takeValue(), "e".repeat(400));
});

Deno.test("Strangers who publish on the subjects of a link over NATS do not disturb it", async () => {
  await using stack = new AsyncDisposableStack();
  const started = await start(stack);
  const { connection, headers } = started.nats;
  // A stranger who only sees the subject of the answer is quicker than the service.
  const lie = { to: 6n, token: 6n, maxLength: 10, window: WINDOW };
  connection.subscribe("calculator", {
    callback(_, { reply = "" }) {
      if (!reply.startsWith("_INBOX.")) return;
      for (const kind of ["welcome", "busy"] as const) {
        connection.publish(reply, greetingBytes({ kind, ...lie }), { reply: "nowhere" });
      }
    },
  });
  const subjects = new Set<string>();
  for (const subject of ["calculator.*", "_INBOX.*"]) {
    connection.subscribe(subject, { callback: (_, message) => void subjects.add(message.subject) });
  }
  const ends = await link(started);
  await assertWorks(ends);
  assertEquals(subjects.size, 2);
  const stranger = new RawClient(started.nats);
  const wrong = headers();
  wrong.set("name", "value");
  for (const subject of ["calculator", ...subjects]) {
    for (const data of [TEXT, new Uint8Array(), crypto.getRandomValues(new Uint8Array(300))]) {
      connection.publish(subject, data, { reply: stranger.inbox });
      connection.publish(subject, data, { headers: wrong });
    }
    for (const kind of ["message", "end", "hello", "welcome"] as const) {
      connection.publish(subject, stranger.frame(kind, 2, TEXT, 6n), { reply: stranger.inbox });
    }
    connection.publish(subject, greetingBytes({ kind: "welcome", ...lie }));
  }
  await connection.flush();
  await assertWorks(ends);
});

Deno.test("A service over NATS never answers on a subject outside the inboxes", async () => {
  await using stack = new AsyncDisposableStack();
  const { nats } = await start(stack);
  const arrived: string[] = [];
  const hello = greetingBytes({
    kind: "hello",
    to: 0n,
    token: 7n,
    maxLength: 1000,
    window: WINDOW,
  });
  for (const subject of ["orders.new", "$JS.API.STREAM.DELETE.orders"]) {
    nats.connection.subscribe(subject, {
      callback: (_, message) => void arrived.push(message.subject),
    });
    nats.connection.publish("calculator", hello, { reply: subject });
  }
  nats.connection.publish("calculator", hello, { reply: "_INBOX.*" });
  nats.connection.publish("calculator", hello);
  // The answers come in the order of the questions.
  assertEquals(await new RawClient(nats).ask("calculator"), "welcome");
  assertEquals(arrived, []);
});

Deno.test("A flood of hellos keeps at most 64 links waiting, and clients get in when it is over", async () => {
  await using stack = new AsyncDisposableStack();
  const started = await start(stack);
  const flood = await connectTo(started.server, stack);
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => new RawClient(flood).ask("calculator")),
  );
  const count = (kind: string) => answers.filter((answer) => answer === kind).length;
  assertEquals([count("welcome"), count("busy")], [64, 36]);
  await assertRejects(
    () => natsLink(started.nats, "calculator", { timeout: 1000 }),
    Deno.errors.TimedOut,
    "as many links as maxLinks",
  );
  await flood.connection.close();
  await assertWorks(await link(started));
});

Deno.test("natsLinks() has maxLinks open links, and takes another client when one is over", async () => {
  await using stack = new AsyncDisposableStack();
  const started = await start(stack, { maxLinks: 1 });
  const [near, far] = await link(started);
  await assertRejects(
    () => natsLink(started.nats, "calculator", { timeout: 1000 }),
    Deno.errors.TimedOut,
    "as many links as maxLinks",
  );
  const waiting = natsLink(started.nats, "calculator", soon);
  await near[Symbol.asyncDispose]();
  await within("the far end is over", far.closed);
  await assertWorks([await waiting, await started.accept()]);
});

Deno.test("natsLink() gives up in time also if each hello has several busy answers", async () => {
  await using stack = new AsyncDisposableStack();
  const { nats } = await start(stack);
  let hellos = 0;
  nats.connection.subscribe("crowded", {
    callback(_, { data, reply = "" }) {
      hellos++;
      const { token: to } = readGreeting(data)!;
      const busy = greetingBytes({ kind: "busy", to, token: 0n, maxLength: 0, window: WINDOW });
      for (let at = 0; at < 3; at++) nats.connection.publish(reply, busy);
    },
  });
  const late = natsLink(nats, "crowded", { timeout: 500 });
  await assertRejects(() => within("natsLink() gives up", late, 5000), Deno.errors.TimedOut);
  assert(hellos < 20, `${hellos} hellos`);
});

Deno.test("A peer that sends nothing for maxSilence counts as dead, and one that only lives does not", async () => {
  await using stack = new AsyncDisposableStack();
  const started = await start(stack, { maxSilence: 2000 });
  const quiet = await link(started);
  const raw = new RawClient(started.nats);
  await raw.ask("calculator");
  raw.send(raw.frame("alive", 1, new Uint8Array(4)));
  const end = await started.accept();
  const begin = performance.now();
  const error = await assertRejects(
    () => within("the link ends", end[Symbol.asyncIterator]().next()),
    Deno.errors.ConnectionReset,
    "the peer has sent nothing for 2000 ms",
  );
  assertStringIncludes(error.message, "raise maxSilence");
  const time = performance.now() - begin;
  assert(time > 1900 && time < 6000, `${time} ms`);
  await assertWorks(quiet);
  // While this process computes, what its peers have sent waits unread.
  for (const until = performance.now() + 3000; performance.now() < until;);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await assertWorks(quiet);
});

Deno.test("The documented permissions of a NATS server are enough, and fewer are refused in words", async () => {
  await using stack = new AsyncDisposableStack();
  const user = (name: string, publish: string[], subscribe: string[]) =>
    JSON.stringify({ user: name, password: "x", permissions: { publish, subscribe } });
  const users = [
    user("service", ["_INBOX.*"], ["calculator", "calculator.*"]),
    user("client", ["calculator", "calculator.*"], ["_INBOX.*"]),
    user("deaf", ["calculator", "calculator.*"], ["nothing"]),
    user("mute", ["nothing"], ["_INBOX.*"]),
  ];
  const config = [`authorization: { users: [${users.join(", ")}] }`];
  const server = stack.use(await NatsServer.start({ config }));
  const as = (name: string) => connectTo(server, stack, { user: name, pass: "x" });
  const far = await as("service");
  const links = natsLinks(far, "calculator")[Symbol.asyncIterator]();
  await far.connection.flush();
  const near = await natsLink(await as("client"), "calculator", soon);
  await assertWorks([near, (await within("the client links", links.next())).value]);
  const deaf = await as("deaf");
  await assertRejects(
    () => natsLink(deaf, "calculator", soon),
    Deno.errors.ConnectionReset,
    'Cannot make a link over NATS to "calculator": it cannot listen on its subject: Permissions V',
  );
  const mute = await as("mute");
  await assertRejects(
    () => natsLink(mute, "calculator", { timeout: 1000 }),
    Deno.errors.TimedOut,
    "or this client may not publish",
  );
  await assertRejects(
    () => within("the iteration ends", natsLinks(mute, "other")[Symbol.asyncIterator]().next()),
    Deno.errors.ConnectionReset,
    'Cannot listen on the subject "other": Permissions Violation',
  );
});

Deno.test("natsLink() and natsLinks() refuse wrong arguments, and a server of very short messages", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await NatsServer.start({ config: ["max_payload: 200"] }));
  const nats = await connectTo(server, stack);
  for (const subject of ["", "a b", "a.*", ">", "a..b", ".a", "a\0", "\ud800", "a".repeat(1025)]) {
    assertThrows(() => natsLinks(nats, subject), TypeError, "such as");
    await assertRejects(() => natsLink(nats, subject), TypeError, "such as");
  }
  for (const queue of ["", "a b", "a\0", "\ud800"]) {
    assertThrows(() => natsLinks(nats, "a", { queue }), TypeError, "Expected queue to be a name");
  }
  assertThrows(() => natsLinks(nats, "a", { maxLinks: 0 }), RangeError, "maxLinks");
  assertThrows(() => natsLinks(nats, "a", { inboxPrefix: "a.>" }), TypeError, "inboxPrefix");
  await assertRejects(() => natsLink(nats, "a", { maxSilence: 100 }), RangeError, "maxSilence");
  await assertRejects(() => natsLink(nats, "a", { timeout: -1 }), RangeError, "timeout");
  // @ts-expect-error -- a connection is no client
  assertThrows(() => natsLinks(nats.connection, "a"), TypeError, "the client's connection");
  // @ts-expect-error -- the option has another name
  assertThrows(() => natsLinks(nats, "a", { maxLink: 1 }), TypeError, "did you mean");
  assertThrows(() => natsLinks(nats, "a"), RangeError, "messages of up to 200 bytes");
  await assertRejects(() => natsLink(nats, "a"), RangeError, "raise max_payload");
});
