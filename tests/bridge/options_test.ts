// Task: test:bridge

import { assertEquals, assertThrows } from "@std/assert";
import { type Bridge, bridge } from "../../src/bridge/mod.ts";
import { connectPipe, listenPipe } from "../../src/pipe/mod.ts";
import { LatestValue, RingChannel } from "../../src/channel/mod.ts";
import { struct } from "../../mod.ts";
import { randomName } from "../support/random_name.ts";
import { standIn } from "./stand_in.ts";

type Call = (...args: unknown[]) => Bridge;
/** The function as a script without types calls it. */
const call: Call = (...args) => Reflect.apply(bridge, undefined, args);

const ring = RingChannel.anonymous({ maxMessageLength: 1000 });
const client = standIn();
const out = { from: ring, subject: "lines" };

const CLIENT_FORM =
  "pass { connection, headers }, where connection is the result of connect() of " +
  "@nats-io/transport-node, and headers is its function of this name";
const RIGHT_CLIENT = "publish, subscribe, flush, closed, status".split(", ");

const ROWS: [what: string, args: unknown[], kind: typeof TypeError, text: string][] = [
  ["no client", [undefined, []], TypeError, "Expected the client to be an object, got undefined"],
  [
    "a connection alone",
    [client.connection, []],
    TypeError,
    `Expected the client's connection to be an object, got undefined: ${CLIENT_FORM}`,
  ],
  [
    "a client without headers",
    [{ connection: client.connection }, []],
    TypeError,
    `Expected the client's headers to be a function, got undefined: ${CLIENT_FORM}`,
  ],
  ...RIGHT_CLIENT.map((name): typeof ROWS[number] => [
    `a connection without ${name}()`,
    [{ ...client, connection: { ...client.connection, [name]: undefined } }, []],
    TypeError,
    `Expected the connection's ${name} to be a function, got undefined`,
  ]),
  ["one route alone", [client, out], TypeError, "Expected the routes to be an array of routes"],
  [
    "a text as options",
    [client, [], "x"],
    TypeError,
    'Expected the options to be an object, got "x"',
  ],
  [
    "an unknown option",
    [client, [], { singal: 1 }],
    TypeError,
    'There is no option "singal": did you mean "signal"?',
  ],
  [
    "a wrong signal",
    [client, [], { signal: 1 }],
    TypeError,
    "Expected signal to be an AbortSignal",
  ],
  ["a wrong onError", [client, [], { onError: 1 }], TypeError, "Expected onError to be a function"],
  ["a text as a route", [client, ["a"]], TypeError, 'Expected a route to be an object, got "a"'],
  [
    "a route without ends",
    [client, [{ subject: "a" }]],
    TypeError,
    'Expected a route to have either "from" or "to"',
  ],
  [
    "a route with both ends",
    [client, [{ ...out, to: ring }]],
    TypeError,
    'Expected a route to have either "from" or "to"',
  ],
  [
    "an unknown key",
    [client, [{ ...out, tolong: "drop" }]],
    TypeError,
    'There is no option "tolong": did you mean "tooLong"?',
  ],
  ["no subject", [client, [{ from: ring }]], TypeError, "Expected the subject to be a string"],
  [
    "a number as a subject",
    [client, [{ to: ring, subject: 1 }]],
    TypeError,
    "Expected the subject to be a string, got 1",
  ],
  ...["", " ", "a b", "a..b", ".a", "a.", "a\tb", "a\r\nPUB b 0", "a\0", "\ud800"].flatMap((
    subject,
  ) =>
    [{ from: ring, subject }, { to: ring, subject }].map((route): typeof ROWS[number] => [
      `the ${"from" in route ? "outgoing" : "incoming"} subject ${JSON.stringify(subject)}`,
      [client, [route]],
      TypeError,
      "Expected a subject to have tokens without spaces, with a dot between each two",
    ])
  ),
  [
    "a subject of 1025 characters",
    [client, [{ from: ring, subject: "a".repeat(1025) }]],
    TypeError,
    "Expected a subject of at most 1024 characters, got 1025",
  ],
  ...["*", "a.*", ">", "a.>", "a*b"].map((subject): typeof ROWS[number] => [
    `the outgoing subject ${subject}`,
    [client, [{ from: ring, subject }]],
    TypeError,
    `Expected the subject of an outgoing route to have no wildcards, got "${subject}"`,
  ]),
  ...["a*", "*a.b", ">.a", "a.>.b", "a>"].map((subject): typeof ROWS[number] => [
    `the incoming subject ${subject}`,
    [client, [{ to: ring, subject }]],
    TypeError,
    'Expected a wildcard of a subject to be a whole token: "*", or ">" at the end',
  ]),
  [
    "a wrong delivery",
    [client, [{ ...out, delivery: "exactlyOnce" }]],
    TypeError,
    'Expected delivery to be one of "atMostOnce", got "exactlyOnce"',
  ],
  [
    "a wrong tooLong",
    [client, [{ ...out, tooLong: "cut" }]],
    TypeError,
    'Expected tooLong to be one of "refuse", "drop", got "cut"',
  ],
  [
    "a number as durable",
    [client, [{ to: ring, subject: "a", durable: 1 }]],
    TypeError,
    "Expected durable to be a string, got 1",
  ],
  ...["", "a b", "a.b", "a*", ">", "a\r\nb", "\ud800", "a".repeat(256)].flatMap((name) =>
    [
      ["durable", { to: ring, subject: "a", durable: name }] as const,
      ["stream", { ...out, delivery: { stream: name } }] as const,
    ].map(([what, route]): typeof ROWS[number] => [
      `${JSON.stringify(name)} as ${what}`,
      [client, [route]],
      TypeError,
      `Expected ${what} to have 1 to 255 characters, without spaces and without . * > / \\; got `,
    ])
  ),
  [
    "a source of no known kind",
    [client, [{ from: {}, subject: "a" }]],
    TypeError,
    "Expected the source of a route to be a RingChannel, a BroadcastRing, a PipeConnection, a " +
    "Mailslot, a CopyDataListener or an async iterable of Uint8Array, got an object",
  ],
  [
    "a sink of no known kind",
    [client, [{ to: null, subject: "a" }]],
    TypeError,
    "Expected the sink of a route to be a RingChannel, a BroadcastRing, a PipeConnection, a " +
    "MailslotSender or { window }, got null",
  ],
  [
    "a window that is none",
    [client, [{ to: { window: "x" }, subject: "a" }]],
    TypeError,
    "Expected window to be",
  ],
  [
    "an unknown key of a window",
    [client, [{ to: { window: 1n, ids: 1 }, subject: "a" }]],
    TypeError,
    'There is no option "ids": did you mean "id"?',
  ],
  [
    "a wrong id of a window's messages",
    [client, [{ to: { window: 0x10001n, id: "x" }, subject: "a" }]],
    TypeError,
    "Expected id to be",
  ],
];

for (const [what, args, kind, text] of ROWS) {
  Deno.test(`bridge() refuses ${what}`, () => {
    assertThrows(() => call(...args), kind, text);
    // Nothing is left open.
    ring.receiver().close();
    ring.sender().close();
  });
}

Deno.test("bridge() refuses a source whose messages can be longer than the server takes", () => {
  assertThrows(
    () => bridge(standIn(1000), [out]),
    RangeError,
    'Cannot bridge the anonymous ring to "lines": its messages can have 1000 bytes, and the ' +
      "server takes 1000, of which 55 are for headers; lower the source's maximum to 945, raise " +
      'the server\'s max_payload, or drop longer messages by { tooLong: "drop" }',
  );
  ring.receiver().close();
});

Deno.test("bridge() takes a source whose longest message just fits, or that drops longer ones", async () => {
  await using fits = bridge(standIn(1055), [out]);
  assertEquals(fits.stats.map(({ state }) => state), ["running"]);
  await fits[Symbol.asyncDispose]();
  await using drops = bridge(standIn(1000), [{ ...out, tooLong: "drop" }]);
  assertEquals(drops.stats.map(({ state }) => state), ["running"]);
});

Deno.test("bridge() opens no route if one of them cannot be opened", async () => {
  using other = RingChannel.anonymous({ maxMessageLength: 1000 });
  using taken = other.receiver();
  const nats = standIn();
  const routes = [out, { subject: "back", to: ring }, { from: other, subject: "other" }];
  assertThrows(() => bridge(nats, routes), Deno.errors.Busy, "receiver");
  assertEquals(nats.subscriptions, 0);
  ring.receiver().close();
  ring.sender().close();
  taken.close();
  await using running = bridge(nats, routes);
  assertEquals(nats.subscriptions, 1);
  await running[Symbol.asyncDispose]();
  assertEquals(nats.subscriptions, 0);
});

Deno.test("bridge() throws the reason of a signal that is aborted already", () => {
  const reason = new Error("not today");
  assertThrows(
    () => bridge(client, [out], { signal: AbortSignal.abort(reason) }),
    Error,
    "not today",
  );
  ring.receiver().close();
});

Deno.test("bridge() refuses a pipe of bytes, which has no messages", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  await using pipe = await connectPipe(name);
  await using _ = await listener.accept();
  assertThrows(
    () => bridge(client, [{ from: pipe, subject: "a" }]),
    TypeError,
    `Cannot bridge the pipe "${pipe.path}": it carries bytes without boundaries of messages; open ` +
      'both ends with { mode: "messages" }, or pass an async iterable that yields messages',
  );
  assertThrows(
    () => bridge(client, [{ subject: "a", to: pipe }]),
    TypeError,
    'open both ends with { mode: "messages" }',
  );
});

Deno.test("bridge() takes rings of any layout, and says that a latest value needs a bucket", async () => {
  const Trade = struct({ price: "f64" });
  using typed = RingChannel.anonymous({ message: Trade });
  await using running = bridge(client, [{ from: typed, subject: "a" }, {
    subject: "b",
    to: typed,
  }]);
  assertEquals(running.stats.map(({ route }) => route), [
    "anonymous ring => a",
    "b => anonymous ring",
  ]);
  using value = LatestValue.create(randomName(), Trade);
  assertThrows(
    () => call(client, [{ from: value, subject: "a" }]),
    TypeError,
    "Expected the source",
  );
});
