// Task: test:command
//
// winipc bridge, with a NATS server on this machine.

import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { assertEquals, assertThrows } from "@std/assert";
import {
  BroadcastRing,
  connectPipe,
  CopyDataListener,
  findWindow,
  listenPipe,
  Mailslot,
  openMailslot,
  RingChannel,
  sendCopyData,
} from "../../mod.ts";
import { PACKAGES } from "../../src/cli/bridge/client.ts";
import { assertFits, type BridgeOptions } from "../../src/cli/bridge/fits.ts";
import { parseRoutes } from "../../src/cli/bridge/route_words.ts";
import { parseServers } from "../../src/cli/bridge/server.ts";
import { UsageError } from "../../src/cli/command_line/failure.ts";
import { NatsServer } from "../support/nats_server.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { Running } from "./running.ts";
import { Terminal } from "./terminal.ts";
import { winipc } from "./winipc.ts";

const NET = ["--allow-ffi", "--allow-net=127.0.0.1"];
/** A server that has a user with a password, and lets others in without one. */
const USERS = [
  'authorization: { users: [{ user: guest, password: guest }, { user: "d@k", password: "s:c" }] }',
  "no_auth_user: guest",
];
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

/** Returns the last counts of each route, without the time and the rate. */
function lastCounts(out: string, routes: number): unknown[] {
  const lines = out.trimEnd().split("\n").slice(-routes);
  return lines.map((line) => {
    const { time, messagesPerSecond, ...counts } = JSON.parse(line);
    return [isNaN(Date.parse(time)), typeof messagesPerSecond, counts];
  });
}

function countsOf(route: string, state: string, count: number, bytes: number) {
  const zero = { pending: 0, lost: 0, tooLong: 0, duplicates: 0, retries: 0 };
  return [false, "number", { route, state, taken: count, delivered: count, bytes, ...zero }];
}

Deno.test("A route of winipc bridge is one word with an arrow, or three words", () => {
  const ring = { kind: "ring", name: "a" } as const;
  assertEquals(
    parseRoutes(["ring:a=>desk.a", "desk.> to ring:a", "window:C/t => x", "a:b", "to", "ring:a"]
      .flatMap((word) => word === "desk.> to ring:a" ? word.split(" ") : [word])),
    [
      { text: "ring:a => desk.a", from: ring, subject: "desk.a" },
      { text: "desk.> => ring:a", subject: "desk.>", to: ring },
      {
        text: "window:C/t => x",
        from: { kind: "window", class: "C", title: "t" },
        subject: "x",
      },
      { text: "a:b => ring:a", subject: "a:b", to: ring },
    ],
  );
  assertEquals(parseRoutes(["ring:x=>y", "to", "s"]), [
    { text: "ring:x=>y => s", from: { kind: "ring", name: "x=>y" }, subject: "s" },
  ]);
});

Deno.test("A wrong route is refused with words that show the right form", () => {
  const forms = "write ring:NAME to SUBJECT, or SUBJECT to ring:NAME";
  const refusals: [words: string[], message: string][] = [
    [[], `Expected a ROUTE: ${forms}`],
    [["ring:a"], `Expected a route, got "ring:a": ${forms}`],
    [["ring:a", "to"], `Expected a route, got "ring:a to": ${forms}`],
    [["ring:a", "in", "s"], `Expected a route, got "ring:a in s": ${forms}`],
    [
      ["ring:a="],
      'Expected an end after "ring:a=": the shell has taken > for itself. Quote the route, or ' +
      'write "ring:a" to …',
    ],
    [["=>s"], `Expected two ends in the route " => s": ${forms}`],
    [["ring:a=>"], `Expected two ends in the route "ring:a => ": ${forms}`],
    [
      ["ring:a=>ring:b"],
      `Expected one end of the route "ring:a => ring:b" to be a subject: ${forms}. Two targets ` +
      "on one machine need no server",
    ],
    [
      ["a=>b"],
      `Expected one end of the route "a => b" to be a target with its kind: ${forms}`,
    ],
    [
      ["event:stop=>s"],
      'An event carries no messages: "event:stop" cannot be an end of a route',
    ],
    [
      ["rong:a=>s"],
      'There is no kind of target "rong": did you mean "ring"? The forms are ring:NAME, ' +
      "broadcast:NAME, pipe:NAME, mailslot:NAME, event:NAME, window:CLASS or window:CLASS/TITLE",
    ],
    [
      ["ring:a=>desk.*"],
      'Expected the subject of an outgoing route to have no wildcards, got "desk.*"',
    ],
    [
      ["a..b", "to", "ring:a"],
      "Expected a subject to have tokens without spaces, with a dot between each two, such as " +
      '"desk.lines"; got "a..b"',
    ],
    [
      ["a.>.b", "to", "ring:a"],
      'Expected a wildcard of a subject to be a whole token: "*", or ">" at the end; got "a.>.b"',
    ],
  ];
  for (const [words, message] of refusals) {
    assertThrows(() => parseRoutes(words), UsageError, undefined, message);
    try {
      parseRoutes(words);
    } catch (error) {
      assertEquals(error instanceof Error && error.message, message);
    }
  }
});

Deno.test("The address of --nats has defaults, and its errors show no password", () => {
  const none = { tls: false, user: undefined, password: undefined };
  assertEquals(parseServers("10.0.0.1"), {
    ...none,
    label: "10.0.0.1:4222",
    servers: ["10.0.0.1:4222"],
  });
  assertEquals(parseServers("nats://d%40k:s%3Ac@a:1, tls://[::1]:2/"), {
    label: "a:1, [::1]:2",
    servers: ["a:1", "[::1]:2"],
    tls: true,
    user: "d@k",
    password: "s:c",
  });
  assertEquals(parseServers("nats://token@a").user, "token");
  const wrong = ["", "http://u:secret@a", "nats://u:secret@a/path", "nats://u:secret@", "a b:1"];
  for (const text of [...wrong, "nats://u:%secret@a", "nats://u:secret@a:99999"]) {
    const error = assertThrows(() => parseServers(text), UsageError);
    assertEquals(
      error.message,
      "Expected --nats to be the address of a NATS server: nats://HOST:PORT, or " +
        "nats://USER:PASSWORD@HOST:PORT with special characters as in URLs (%40 is @)",
      text,
    );
  }
});

Deno.test("Options that do not fit the routes, and a taken receiver's place, are refused", () => {
  const [out, back] = [parseRoutes(["ring:a=>s"]), parseRoutes(["s=>ring:a"])];
  const options = { stream: undefined, "in-flight": undefined, durable: undefined, take: true };
  const refuses = (message: string, routes: typeof out, given: Partial<BridgeOptions>) =>
    assertEquals(
      assertThrows(() => assertFits(routes, { ...options, ...given }), UsageError).message,
      message,
    );
  refuses("Expected --stream NAME with --in-flight, which limits what a stream takes", out, {
    "in-flight": 5,
  });
  refuses("Expected a route to a subject with --stream, got only routes from subjects", back, {
    stream: "S",
  });
  for (const [count, routes] of [[0, out], [2, [...back, ...back]]] as const) {
    refuses(
      `Expected one route from a subject with --durable, got ${count}: each needs a consumer of ` +
        "its own",
      [...routes],
      { durable: "d" },
    );
  }
  for (const kind of ["ring", "mailslot"]) {
    refuses(
      `A ${kind} has one receiver: what winipc receives, the program that usually ` +
        "receives does not get. Add --take to take the messages",
      parseRoutes(["broadcast:b=>s", "s=>ring:a", `${kind}:a=>s`]),
      { take: false },
    );
  }
  assertFits(out, { ...options, stream: "S", "in-flight": 5 });
  assertFits(back, { ...options, stream: "S", durable: "d", take: false });
});

Deno.test("winipc bridge loads the versions of the client that deno.json names, and only then", async () => {
  const config = new URL("../../deno.json", import.meta.url);
  const { imports } = JSON.parse(await Deno.readTextFile(config));
  assertEquals(Object.values(PACKAGES), [
    imports["@nats-io/transport-node"],
    imports["@nats-io/jetstream"],
  ]);
  const cli = new URL("../../cli.ts", import.meta.url).href;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", cli] })
    .output();
  const { modules, npmPackages } = JSON.parse(decode(stdout)!);
  assertEquals([modules.length > 100, npmPackages], [true, {}]);
});

Deno.test("winipc bridge says what is wrong, what is missing, and what to do", async () => {
  await using server = await NatsServer.start({ config: USERS });
  const name = randomName();
  using ring = RingChannel.create(name);
  const at = (user: string) => `--nats=nats://${user}${server.address}`;
  const route = [`ring:${name}=>s`, "--take"];
  const nowhere = "127.0.0.1:1";
  const results = await Promise.all([
    winipc(["bridge", "ring:a", "s"]),
    winipc(["bridge", `ring:${name}x=>s`, "--take"]),
    winipc(["bridge", ...route, at("")]),
    winipc(["bridge", ...route, "--creds", "none.creds"], { flags: [...NET, "--allow-read"] }),
    winipc(["bridge", ...route, `--nats=nats://u:secret@${nowhere}`], { flags: NET }),
    winipc(["bridge", ...route, at("d%40k:secret@")], { flags: NET }),
    winipc(["bridge", ...route, at("")], { flags: [...NET, "--no-npm"] }),
    winipc(["bridge", ...route, at("d%40k:s%3Ac@"), "--timeout", "1"], { flags: NET }),
  ]);
  const usage = "\nSee winipc bridge --help\n";
  const [, , , missing, away, refused, unloaded, late] = results;
  assertEquals(results.slice(0, 3).map(({ code, out, err }) => [code, out, err]), [
    [
      2,
      "",
      'Expected a route, got "ring:a s": write ring:NAME to SUBJECT, or SUBJECT to ring:NAME' +
      usage,
    ],
    [3, "", `There is no ring "${name}x": did you mean "${name}"?\n`],
    [
      4,
      "",
      "winipc bridge needs the permission --allow-net, which Deno did not get: add --allow-net " +
      "after deno run, or install the command with --allow-net\n",
    ],
  ]);
  assertEquals([missing!.code, missing!.out], [3, ""]);
  assertEquals([away!.code, away!.out, away!.err], [
    1,
    "",
    `Cannot connect to the NATS server at ${nowhere}: connection refused; check that nats-server ` +
    "runs there, and that --nats has its address\n",
  ]);
  // Windows can drop the server's last words when the server closes the connection.
  const refusals: Record<number, string> = {
    4: `The NATS server at ${server.address} refuses the user: Authorization Violation; check ` +
      "the user and the password in --nats, or the file of --creds\n",
    1: `Cannot connect to the NATS server at ${server.address}: no answer, or no user with this ` +
      "password; check that nats-server runs there, and that --nats has its address\n",
  };
  assertEquals([refused!.err, refused!.out], [refusals[refused!.code], ""]);
  assertEquals([unloaded!.code, unloaded!.out, unloaded!.err], [
    1,
    "",
    `Cannot load the NATS client ${PACKAGES.client}: npm specifiers were requested; but --no-npm ` +
    "is specified. Deno downloads the client from npm at its first use\n",
  ]);
  assertEquals([late!.code, late!.err.split("\n").at(-2)], [
    124,
    "The time of --timeout 1 (milliseconds) is over",
  ]);
  // All of them have left the receiver's place.
  using _receiver = ring.receiver();
});

Deno.test("winipc bridge carries a ring to a subject and to another ring, until Ctrl-C", async () => {
  await using server = await NatsServer.start();
  const [out, back] = [randomName(), randomName()];
  using there = RingChannel.create(out);
  using here = RingChannel.create(back);
  using receiver = here.receiver();
  const nats = ["--nats", server.address];
  await using incoming = await Terminal.winipc(
    ["bridge", "desk.*", "to", `ring:${back}`, "--interval", "20", ...nats],
    { columns: 200, flags: NET },
  );
  await incoming.until(`Connected to ${server.address}`);
  await using outgoing = new Running(
    ["bridge", `ring:${out} => desk.lines`, "--take", ...nats],
    NET,
  );
  {
    using sender = there.sender();
    for (const text of ["one", "two", "three"]) await sender.send(encode(text));
    for (const text of ["one", "two", "three"]) {
      assertEquals(decode(await receiver.receive(soon)), text);
    }
  }
  const ended = await outgoing.ended();
  assertEquals([ended.code, ended.err], [0, `Connected to ${server.address}\n`]);
  assertEquals(lastCounts(ended.out, 1), [
    countsOf(`ring:${out} => desk.lines`, "ended", 3, 11),
  ]);
  await incoming.until((_, lines) => /running +\d+ +3 +11 B +0 +0$/.test(lines[1] ?? ""));
  await incoming.type("\x03");
  const { code, text, lines } = await incoming.ended();
  assertEquals(code, 130);
  assertEquals(text.includes("\x1b[1mROUTE\x1b[22m"), true);
  assertEquals(lines.map((line) => line.trim().split(/ +/)), [
    ["ROUTE", "STATE", "MSG/S", "DELIVERED", "BYTES", "PENDING", "LOST"],
    ["desk.*", "=>", `ring:${back}`, "ended", "0", "3", "11", "B", "0", "0"]
      .map((part) => part.length > 29 ? `${part.slice(0, 29)}…` : part),
    ["Connected", "to", server.address],
  ]);
});

Deno.test("winipc bridge --stream keeps messages in the ring, until --durable passes them on", async () => {
  await using server = await NatsServer.start({ jetstream: true });
  const [out, back] = [randomName(), randomName()];
  using there = RingChannel.create(out);
  using here = RingChannel.create(back);
  using receiver = here.receiver();
  const nats = ["--nats", server.address];
  const outgoing = [`ring:${out} => jobs.new`, "--take", "--stream", "JOBS", ...nats];
  {
    using sender = there.sender();
    for (const text of ["one", "two", "three"]) await sender.send(encode(text));
  }
  const missing = await winipc(["bridge", ...outgoing], { flags: NET });
  assertEquals([missing.code, missing.err.split("\n").filter((line) => line.includes("JOBS"))], [
    3,
    [
      `ring:${out} => jobs.new: The NATS server has no stream "JOBS": create it, with the ` +
      "subject of the route",
    ],
  ]);
  const connection = await connect({ servers: server.address });
  const { streams } = await jetstreamManager(connection);
  await streams.add({ name: "JOBS", subjects: ["jobs.*"] });
  await connection.close();
  const ended = await winipc(["bridge", ...outgoing, "--in-flight", "1"], { flags: NET });
  assertEquals([ended.code, lastCounts(ended.out, 1)], [
    0,
    [countsOf(`ring:${out} => jobs.new`, "ended", 3, 11)],
  ]);
  await using incoming = new Running(
    ["bridge", "jobs.new", "to", `ring:${back}`, "--durable", "worker", ...nats],
    NET,
  );
  for (const text of ["one", "two", "three"]) {
    assertEquals(decode(await receiver.receive(soon)), text);
  }
  incoming.kill();
});

Deno.test("winipc bridge says that its server is away, and goes on when it is back", async () => {
  await using server = await NatsServer.start();
  const [out, back] = [randomName(), randomName()];
  using there = RingChannel.create(out);
  using here = RingChannel.create(back);
  using sender = there.sender();
  using receiver = here.receiver();
  await using running = new Running(
    ["bridge", "s", "to", `ring:${back}`, `ring:${out}`, "to", "s", "--take", "--nats"]
      .concat(server.address, "--jsonl"),
    NET,
  );
  await running.untilErr(`Connected to ${server.address}\n`);
  await sender.send(encode("before"));
  assertEquals(decode(await receiver.receive(soon)), "before");
  await server.kill();
  await running.untilErr(
    `The NATS server at ${server.address} is away: winipc tries again every second\n`,
  );
  await server.restart();
  await running.untilErr(`The NATS server at ${server.address} is back\n`);
  await sender.send(encode("after"));
  assertEquals(decode(await receiver.receive(soon)), "after");
  await running.closeOutput();
  const { code } = await running.ended();
  assertEquals(code, 0);
});

Deno.test("winipc bridge carries messages of broadcast rings, pipes, mailslots and windows", async () => {
  await using server = await NatsServer.start();
  const name = randomName();
  const named = (end: string) => `${name}-${end}`;
  using broadcast = BroadcastRing.create(named("broadcast"));
  using broadcastSender = broadcast.sender();
  using back = BroadcastRing.create(named("back"));
  using receiver = back.receiver();
  using mailslot = Mailslot.create(named("back"));
  using listener = listenPipe({ name: named("back"), mode: "messages" });
  await using window = await CopyDataListener.open({ class: named("back"), visibility: "hidden" });
  const accepted = listener.accept();
  await using running = new Running([
    "bridge",
    "--take",
    "--nats",
    server.address,
    `mailslot:${named("out")}=>mailslot`,
    `pipe:${named("out")}=>pipe`,
    `window:${named("out")}=>window`,
    `broadcast:${named("broadcast")}=>broadcast`,
    `mailslot=>broadcast:${named("back")}`,
    `pipe=>mailslot:${named("back")}`,
    `window=>pipe:${named("back")}`,
    `broadcast=>window:${named("back")}`,
  ], NET);
  await using connection = await accepted;
  await running.untilErr(`Connected to ${server.address}\n`);

  using mail = openMailslot(named("out"));
  mail.send(encode("letter"));
  assertEquals(decode((await receiver.receive(soon))?.bytes), "letter");

  await using client = await connectPipe(named("out"));
  await client.write(encode("one\r\ntwo\n"));
  assertEquals(decode(await mailslot.receive(soon)), "one");
  assertEquals(decode(await mailslot.receive(soon)), "two");

  const target = await findWindow({ class: named("out"), ...soon });
  assertEquals(await sendCopyData(target, encode("data")), 1n);
  assertEquals(decode(await connection.readMessage(soon) ?? undefined), "data");

  broadcastSender.send(encode("news"));
  broadcastSender.flush();
  const news = await window.receive(soon);
  assertEquals(decode(news?.bytes), "news");
});
