/**
 * The public functions that need no object, with their arguments.
 *
 * @module
 */

import {
  ansi,
  array,
  bits,
  BroadcastRing,
  buildSharedSection,
  bytes,
  ChannelInbox,
  ChildProcess,
  declareSharedSection,
  InheritanceScope,
  inheritHandles,
  inspectImage,
  LatestFrame,
  LatestValue,
  Mailslot,
  openMailslot,
  ProcessWatch,
  readConsistent,
  readNewest,
  receiveHandle,
  RingChannel,
  safe,
  sendChannel,
  sendHandle,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  SharedSection,
  SharedSemaphore,
  spawn,
  struct,
  tagged,
  union,
  utf16,
  utf8,
  waitAll,
  waitAny,
  waitUntil,
} from "../../mod.ts";
import { SingleInstance } from "../../src/instance/mod.ts";
import { counterAt } from "../../src/struct/counter.ts";
import { randomName } from "../support/random_name.ts";
import { plainPipeRows } from "./pipe_rows.ts";
import {
  ACCESS,
  INHERITABLE,
  NO_WINDOW,
  OBJECT_ACCESS,
  OWNER,
  SECURITY,
  TIMEOUT,
  WAIT,
} from "./shared_options.ts";
import { type Given, method, type Options, plain, type Row } from "./row.ts";

/** A value that no handle has. */
const NO_HANDLE = 0x7fff_fff0;
const RING: Options = { capacity: ["count", 1024], maxMessageLength: ["count", 8], ...SECURITY };
const NEW_MEMORY: Options = { ...SECURITY, ...INHERITABLE, reserve: ["flag", false] };
const layout = struct({ a: "i32" });

/** The argument that is a token. Its row has no right value, because a token works only once. */
const NO_TOKEN: Given = ["instance", undefined];

/** Returns a function that makes rows for the methods of one class. */
function named(
  owner: object,
  name: string,
): (method: string, rest: Omit<Row, "name" | "call">) => Row {
  return (called, rest) => method(`${name}.${called}`, owner, rest);
}

function* objects(
  owner: object,
  kind: string,
  made: Options,
  access: Options,
): Generator<Row> {
  const row = named(owner, kind);
  const name: Given = ["name", randomName()];
  const create = { ...SECURITY, ...INHERITABLE, ...made };
  yield row("create", { needed: [name], options: create });
  yield row("anonymous", { needed: [], options: create });
  yield row("open", { needed: [name], options: { ...INHERITABLE, ...OWNER, ...access } });
  yield row("openOrCreate", { needed: [name], options: { ...create, ...OWNER, ...access } });
  const waitFor = { ...INHERITABLE, ...OWNER, ...WAIT, ...access };
  yield row("waitFor", { needed: [name], options: waitFor });
  const hasAccess = Object.keys(access).length > 0;
  yield row("fromHandle", {
    needed: [["handle", NO_HANDLE]],
    ...(hasAccess ? { options: access } : {}),
  });
  yield row("inherited", { needed: [["key", "nothing"]] });
  yield row("fromWorker", { needed: [NO_TOKEN], isPartial: true });
}

function* memoryRows(): Generator<Row> {
  const row = named(SharedMemory, "SharedMemory");
  const name: Given = ["name", randomName()];
  const length: Given = ["count", 4096];
  const open = { ...ACCESS, ...INHERITABLE, ...OWNER };
  yield row("create", { needed: [name, length], options: NEW_MEMORY });
  yield row("anonymous", { needed: [length], options: NEW_MEMORY });
  yield row("open", { needed: [name], options: open });
  yield row("openOrCreate", {
    needed: [name, length],
    options: { ...NEW_MEMORY, ...OWNER, ...TIMEOUT, initialize: ["function", () => {}] },
  });
  yield row("waitFor", { needed: [name], options: { ...open, ...WAIT } });
  const expected: Options = { byteLength: ["count", 1], ...ACCESS };
  yield row("fromFile", { needed: [["image", "Z:\\nowhere\\none"]], options: expected });
  yield row("fromHandle", { needed: [["handle", NO_HANDLE]], options: expected });
  yield row("inherited", { needed: [["key", "nothing"]] });
  yield row("fromWorker", { needed: [NO_TOKEN], isPartial: true });
}

function* structRows(): Generator<Row> {
  const length: Given = ["count", 4];
  const pack: Options = { pack: ["count", 4], byteLength: ["count", 8] };
  yield plain(struct, "struct", { needed: [["fields", { a: "i32" }]], options: pack });
  yield plain(union, "union", { needed: [["fields", { a: "i32" }]], options: pack });
  yield plain(array, "array", { needed: [["type", "i32"], length] });
  yield plain(bits, "bits", { needed: [["word", "u32"], length] });
  yield plain(safe, "safe", { needed: [["word", "u64"]] });
  for (const [name, type] of Object.entries({ ansi, utf8, utf16 })) {
    yield plain(type, name, { needed: [length], options: { terminated: ["flag", false] } });
    const isPartial = name === "ansi";
    yield method(`${name}.read`, type, { needed: [["bytes", new Uint8Array(8)]], isPartial });
  }
  yield plain(bytes, "bytes", { needed: [length] });
  const memory: Given = ["bytes", new Uint8Array(8)];
  const offset: Given = ["count", 4];
  yield method("Layout.view", layout, { needed: [memory], more: offset });
  yield method("Layout.read", layout, { needed: [memory], more: offset });
  yield method("Layout.write", layout, { needed: [memory, ["values", { a: 1 }]], more: offset });
  yield method("Layout.counters", layout, { needed: [memory], more: offset });
  yield method("Layout.array", layout, {
    needed: [memory],
    options: { count: ["count", 2], stride: ["count", 4], offset: ["count", 0] },
  });
  yield method("Layout.offsetOf", layout, { needed: [["text", "a"]] });
  yield plain(tagged, "tagged", { needed: [["fields", { a: layout }]] });
  yield method("Tagged.toC", tagged({ a: layout }), { needed: [["text", "Name"]] });
  const { a } = struct({ a: array("i32", 4) }).view(new ArrayBuffer(16));
  yield method("ArrayView.get", a, { needed: [["count", 1]] });
  yield method("ArrayView.set", a, { needed: [["count", 1], ["integer", 1]] });
  yield method("ArrayView.set", a, { needed: [["numbers", [1, 2]]], more: ["count", 1] });
  yield method("Layout.toC", layout, { needed: [["text", "Name"]] });
  const attempts: Options = { attempts: ["count", 1] };
  const lock = { begin: "a", end: "a" };
  yield plain(readConsistent, "readConsistent", {
    needed: [memory, ["instance", layout], ["instance", lock]],
    options: { ...attempts, byteOffset: offset },
  });
  const buffers = [{ tick: 0, byteOffset: 4 }, { tick: 4, byteOffset: 0 }];
  yield plain(readNewest, "readNewest", {
    needed: [memory, length, ["instance", buffers]],
    options: attempts,
  });
}

function* counterRows(): Generator<Row> {
  const counter = counterAt("u32", new ArrayBuffer(4), 0, "a");
  const number: Given = ["integer", 1];
  for (const name of ["store", "add", "sub", "and", "or", "xor", "exchange"]) {
    yield method(`Counter.${name}`, counter, { needed: [number] });
  }
  yield method("Counter.compareExchange", counter, { needed: [number, number] });
}

function* sectionRows(): Generator<Row> {
  const build: Options = {
    variables: ["types", { a: "i32" }],
    initial: ["values", { a: 1 }],
    section: ["text", ".one"],
    machine: ["word", "x64"],
    fileName: ["text", "a.dll"],
  };
  yield plain(inspectImage, "inspectImage", { needed: [["image", "Z:\\nowhere\\none"]] });
  // Without variables, both functions throw that the variables are missing.
  for (const target of [buildSharedSection, declareSharedSection]) {
    const { initial, ...declared } = build;
    yield plain(target, target.name, {
      needed: [],
      options: target === buildSharedSection ? { ...declared, initial: initial! } : {
        ...declared,
        initial: ["object", {}],
      },
    });
  }
  yield method("SharedSection.load", SharedSection, {
    needed: [["image", "Z:\\nowhere\\none.dll"]],
    options: { exports: ["types", { a: "i32" }], section: ["text", ".one"] },
  });
}

function* processRows(): Generator<Row> {
  yield plain(spawn, "spawn", {
    needed: [["text", "Z:\\nowhere\\none.exe"]],
    options: {
      args: ["args", []],
      inherit: ["inherit", {}],
      env: ["env", {}],
      clearEnv: ["flag", false],
      cwd: ["text", "Z:\\"],
      stdin: ["word", "null"],
      stdout: ["word", "null"],
      stderr: ["word", "null"],
      signal: WAIT.signal!,
      windowsRawArguments: ["flag", false],
      killWithParent: ["flag", false],
    },
  });
  yield plain(inheritHandles, "inheritHandles", { needed: [["inherit", {}]] });
  yield {
    name: "InheritanceScope",
    call: (args) => Reflect.construct(InheritanceScope, [...args]),
    needed: [["inherit", {}]],
  };
  yield plain(sendHandle, "sendHandle", {
    needed: [NO_WINDOW, ["instance", undefined]],
    isPartial: true,
  });
  yield plain(receiveHandle, "receiveHandle", {
    needed: [["instance", undefined]],
    isPartial: true,
  });
  yield method("ChildProcess.kill", ChildProcess.prototype, {
    needed: [],
    more: ["word", "SIGTERM"],
    isPartial: true,
  });
  yield method("ProcessWatch.open", ProcessWatch, { needed: [["count", 2 ** 32 - 1]] });
}

function* singleInstanceRows(): Generator<Row> {
  yield {
    name: "SingleInstance.acquire",
    async call(args) {
      const instance = await Reflect.apply(SingleInstance.acquire, SingleInstance, [...args]);
      await instance?.close();
    },
    needed: [["name", randomName()]],
    options: {
      ...WAIT,
      onSecond: ["function", () => {}],
      onError: ["function", () => {}],
      args: ["texts", ["a", ""]],
      cwd: ["text", "C:\\"],
    },
  };
}

function* channelRows(): Generator<Row> {
  const name: Given = ["name", randomName()];
  const key: Given = ["key", "nothing"];
  const channel: Options = {
    ...RING,
    whenFull: ["word", "fail"],
    producers: ["word", "multiple"],
    endsWithLastSender: ["flag", false],
  };
  const message: Options = { message: ["instance", layout] };
  for (
    const [kind, owner, options, opened] of [
      ["RingChannel", RingChannel, { ...channel, ...message }, message],
      ["BroadcastRing", BroadcastRing, { ...RING, ...message }, message],
    ] as const
  ) {
    const row = named(owner, kind);
    yield row("create", { needed: [name], options });
    yield row("openOrCreate", { needed: [name], options });
    yield row("anonymous", { needed: [], options });
    yield row("open", { needed: [name], options: opened });
    yield row("waitFor", { needed: [name], options: { ...WAIT, ...opened } });
    yield row("inherited", { needed: [key], options: opened });
    yield row("fromWorker", { needed: [NO_TOKEN], options: opened, isPartial: true });
  }
  const value = named(LatestValue, "LatestValue");
  const described: Given = ["instance", layout];
  yield value("create", { needed: [name, described], options: SECURITY });
  yield value("openOrCreate", { needed: [name, described], options: SECURITY });
  yield value("open", { needed: [name, described] });
  yield value("waitFor", { needed: [name, described], options: WAIT });
  const frames = named(LatestFrame, "LatestFrame");
  const sizes: Options = {
    ...SECURITY,
    byteLength: ["count", 8],
    slots: ["count", 4],
    maxReaders: ["count", 2],
  };
  yield frames("create", { needed: [name], options: sizes });
  yield frames("openOrCreate", { needed: [name], options: sizes });
  yield frames("open", { needed: [name] });
  yield frames("waitFor", { needed: [name], options: WAIT });
  yield plain(sendChannel, "sendChannel", {
    needed: [NO_WINDOW, ["instance", undefined]],
    isPartial: true,
  });
  yield {
    name: "ChannelInbox",
    call: (args) => Reflect.construct(ChannelInbox, [...args]),
    needed: [],
    options: { form: ["word", "pull"] },
  };
  yield method("ChannelInbox.take", new ChannelInbox(), {
    needed: [["instance", undefined]],
    isPartial: true,
  });
}

function* mailslotRows(): Generator<Row> {
  const name: Given = ["name", randomName()];
  yield method("Mailslot.create", Mailslot, {
    needed: [name],
    options: { ...SECURITY, maxMessageSize: ["count", 1024] },
  });
  yield plain(openMailslot, "openMailslot", { needed: [name], options: OWNER });
}

/** Makes the rows of functions that check their arguments on any system. */
export function plainRows(): Row[] {
  return [
    ...memoryRows(),
    ...structRows(),
    ...counterRows(),
    ...sectionRows(),
    ...objects(SharedEvent, "SharedEvent", {
      reset: ["word", "manual"],
      signalled: ["flag", true],
    }, OBJECT_ACCESS),
    ...objects(SharedSemaphore, "SharedSemaphore", {
      initial: ["count", 1],
      maximum: ["count", 1],
    }, OBJECT_ACCESS),
    ...objects(SharedMutex, "SharedMutex", {}, {}),
    plain(waitAny, "waitAny", {
      needed: [["waitables", [{ unsafeHandle: BigInt(NO_HANDLE) }]]],
      options: WAIT,
    }),
    plain(waitAll, "waitAll", {
      needed: [["waitables", [{ unsafeHandle: BigInt(NO_HANDLE) }]]],
      options: WAIT,
    }),
    plain(waitUntil, "waitUntil", {
      needed: [["function", () => true]],
      options: { ...WAIT, interval: ["count", 1] },
    }),
    ...processRows(),
    ...channelRows(),
    ...singleInstanceRows(),
    ...mailslotRows(),
    ...plainPipeRows(),
  ];
}
