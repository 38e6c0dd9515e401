import { assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import { buildSharedSection, inspectImage, SharedSection } from "../../src/dll/mod.ts";
import { array, struct, utf16, utf8 } from "../../src/struct/mod.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { openLibrary } from "../support/open_library.ts";
import { Peer } from "../support/peer.ts";
import { temporaryDll } from "./temporary_dll.ts";

const variables = {
  iWhatYouUseInTwo: "i32",
  u8: "u8",
  i16: "i16",
  u64: "u64",
  f64: "f64",
  flag: "bool",
  name: utf16(8),
  label: utf8(8),
  points: array(struct({ x: "u16", y: "f32" }), 2),
} as const;

Deno.test("Three processes add to one variable of a DLL of buildSharedSection()", async () => {
  await using dll = await temporaryDll({ section: ".ASHARE", variables });
  using section = SharedSection.load(dll.path, { exports: variables });
  await using peer = await Peer.start("dll/peers/shared_variable.ts", dll.path, "iWhatYouUseInTwo");
  await using other = await Peer.start(
    "dll/peers/shared_variable.ts",
    dll.path,
    "iWhatYouUseInTwo",
  );
  section.variables.iWhatYouUseInTwo = 1000;
  assertEquals(await peer.ask("value"), "1000");
  const times = 200_000;
  const answers = Promise.all([peer.ask(`add ${times}`), other.ask(`add ${times}`)]);
  for (let i = 0; i < times; i++) section.counters.iWhatYouUseInTwo.add(1);
  await answers;
  assertEquals(section.variables.iWhatYouUseInTwo, 1000 + 3 * times);
  assertEquals(await other.ask("value"), String(1000 + 3 * times));
});

Deno.test("SharedSection.load() shows the initial values, and later the writes of both views", async () => {
  const initial = {
    iWhatYouUseInTwo: -5,
    u64: 2n ** 63n,
    f64: 0.25,
    flag: true,
    name: "数据",
    label: "é",
    points: [{ x: 1, y: 0.5 }, { y: 2 }],
  };
  await using dll = await temporaryDll({ variables, initial });
  using one = SharedSection.load(dll.path, { exports: variables });
  using two = SharedSection.load(new URL(`file:///${dll.path}`), { exports: variables });
  assertEquals([one.name, one.bytes.length], [".shared", two.bytes.length]);
  const { variables: seen } = two;
  assertEquals([seen.iWhatYouUseInTwo, seen.u64, seen.f64], [-5, 2n ** 63n, 0.25]);
  assertEquals([seen.flag, seen.name, seen.label, seen.u8], [true, "数据", "é", 0]);
  assertEquals([...seen.points].map(({ x, y }) => [x, y]), [[1, 0.5], [0, 2]]);
  one.variables.name = "new";
  one.variables.points.get(1).x = 9;
  assertEquals([two.variables.name, two.variables.points.get(1).x], ["new", 9]);
  two.bytes.fill(0);
  assertEquals([one.variables.name, one.variables.u64], ["", 0n]);
  assertThrows(() => one.variables.u8 = 256, RangeError, "u8");
});

Deno.test("Variables have their initial values again after the last SharedSection is closed", async () => {
  await using dll = await temporaryDll({ variables: { count: "u32" }, initial: { count: 3 } });
  const exports = { count: "u32" } as const;
  {
    using section = SharedSection.load(dll.path, { exports });
    section.counters.count.add(4);
    await using peer = await Peer.start("dll/peers/shared_variable.ts", dll.path, "count");
    assertEquals(await peer.ask("add 1"), "8");
  }
  using again = SharedSection.load(dll.path, { exports });
  assertEquals(again.variables.count, 3);
});

Deno.test("Counters of every width wrap around, and return the value from before", async () => {
  const exports = {
    i8: "i8",
    u8: "u8",
    i16: "i16",
    u16: "u16",
    i32: "i32",
    u32: "u32",
    i64: "i64",
    u64: "u64",
    f32: "f32",
  } as const;
  await using dll = await temporaryDll({ variables: exports });
  using section = SharedSection.load(dll.path, { exports });
  const { counters, variables } = section;
  assertEquals(Object.keys(counters), ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"]);
  assertStrictEquals(counters.u32, counters.u32);
  assertEquals([counters.u32.add(5), counters.u32.add(-2), variables.u32], [0, 5, 3]);
  assertEquals([counters.u8.add(-1), counters.u8.load()], [0, 255]);
  assertEquals([counters.i8.exchange(-128), counters.i8.add(-1), variables.i8], [0, -128, 127]);
  assertEquals([counters.i16.compareExchange(1, 2), variables.i16], [0, 0]);
  assertEquals([counters.i16.compareExchange(0, 2), variables.i16], [0, 2]);
  assertEquals([counters.u64.add(-1n), variables.u64], [0n, 2n ** 64n - 1n]);
  assertEquals([counters.i64.exchange(5n), counters.i64.compareExchange(5n, 6n)], [0n, 5n]);
  counters.u16.store(65_535);
  assertEquals([variables.u16, counters.i64.load()], [65_535, 6n]);
  assertThrows(() => counters.u16.store(65_536), RangeError, "u16");
  assertThrows(() => counters.u16.add(0.5), RangeError, "u16");
  assertThrows(() => counters.u16.exchange(-1), RangeError, "u16");
  assertThrows(() => counters.u16.compareExchange(1, 65_536), RangeError, "u16");
  // @ts-expect-error: 64 bits are counted in bigints
  assertThrows(() => counters.u64.add(1), TypeError, "u64");
  // @ts-expect-error: a text is not a number
  assertThrows(() => counters.i32.add("1"), TypeError, "i32");
});

Deno.test("JSON.stringify() writes the values of counters, which accept no other properties", async () => {
  const exports = { hits: "u32", total: "i64", ratio: "f32" } as const;
  await using dll = await temporaryDll({ variables: exports });
  using section = SharedSection.load(dll.path, { exports });
  const { counters } = section;
  counters.hits.add(3);
  counters.total.add(-(2n ** 60n));
  assertEquals(JSON.stringify({ counters }), `{"counters":{"hits":3,"total":"${-(2n ** 60n)}"}}`);
  assertEquals(JSON.stringify(section.variables), `{"hits":3,"total":"${-(2n ** 60n)}","ratio":0}`);
  for (const name of ["hitz", "ratio", "toJSON"]) {
    assertThrows(() => Object.assign(counters, { [name]: 5 }), TypeError, "not extensible");
  }
  assertThrows(() => Object.assign(counters, { hits: 5 }), TypeError, "only a getter");
  assertThrows(() => Object.assign(counters.hits, { value: 5 }), TypeError, "not extensible");
  assertEquals(Object.keys(counters), ["hits", "total"]);
});

Deno.test("After SharedSection.close(), its variables, counters and bytes are unusable", async () => {
  const exports = { count: "u32", list: array("u8", 2) } as const;
  await using dll = await temporaryDll({ variables: exports });
  const section = SharedSection.load(dll.path, { exports });
  const { variables, counters, bytes } = section;
  const { list } = variables;
  const { count } = counters;
  section.close();
  section.close();
  assertEquals([section.closed, bytes.length], [true, 0]);
  assertThrows(() => section.variables, Deno.errors.BadResource, "is closed");
  assertThrows(() => section.counters, Deno.errors.BadResource, "is closed");
  assertThrows(() => section.bytes, Deno.errors.BadResource, "is closed");
  assertThrows(() => variables.count, TypeError);
  assertThrows(() => variables.count = 1, TypeError);
  assertThrows(() => list.get(0), TypeError);
  assertThrows(() => count.add(1), Error);
  assertThrows(() => counters.count.load(), Error);
});

Deno.test("SharedSection.close() throws and leaves the memory mapped if its buffer was transferred", async () => {
  await using dll = await temporaryDll({ variables: { count: "u32" } });
  const section = SharedSection.load(dll.path, { exports: { count: "u32" } });
  const moved = new Uint32Array(section.bytes.buffer.transfer());
  // The variables have their own buffer, so they still work.
  section.variables.count = 7;
  assertEquals([section.counters.count.add(2), moved[0]], [7, 9]);
  assertThrows(() => section.close(), Deno.errors.Busy, "transferred away");
  moved[0] = 5;
  assertEquals([moved[0], section.closed], [5, true]);
  // The memory is still mapped. It is unmapped here, so that the file can be removed.
  using kernel32 = openLibrary("kernel32.dll", {
    UnmapViewOfFile: { parameters: ["pointer"], result: "i32" },
  });
  // The view begins with the page of the headers, and the section follows.
  const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(moved)) - 4096n;
  moved.buffer.transfer(0);
  const base = Deno.UnsafePointer.create(address);
  assertEquals(kernel32.symbols.UnmapViewOfFile(base), 1);
});

Deno.test("SharedSection.load() finds variables and image sections by name, or names the fault", async () => {
  await using dll = await temporaryDll({ section: ".ASHARE", variables: { count: "u32" } });
  const { path } = dll;
  const load = (options: Parameters<typeof SharedSection.load>[1]) => () =>
    SharedSection.load(path, options)[Symbol.dispose]();
  load({})();
  load({ section: ".ASHARE" })();
  const { NotFound, InvalidData } = Deno.errors;
  assertThrows(load({ exports: { other: "u32" } }), NotFound, "does not export it");
  // Names of exports and of image sections are case-sensitive.
  assertThrows(load({ exports: { Count: "u32" } }), NotFound, "does not export it");
  assertThrows(load({ section: ".ashare" }), NotFound, "Cannot find image section .ashare");
  assertThrows(load({ section: ".other" }), NotFound, "/SECTION:NAME,RWS");
  assertThrows(load({ section: ".edata" }), InvalidData, "each process has its own");
  assertThrows(load({ exports: { count: "u64" } }), InvalidData, "end beyond the 4 bytes");
  assertThrows(
    load({ section: ".edata", exports: { count: "u32" } }),
    InvalidData,
    "each process has its own",
  );
  assertThrows(() => SharedSection.load(`${path}.not`), NotFound, "shared.dll.not");
  // @ts-expect-error: there is no such type
  assertThrows(load({ exports: { count: "u128" } }), TypeError, "type of count");
  // @ts-expect-error: the name of a section must be a string
  assertThrows(load({ section: 1 }), TypeError, "section");
  // @ts-expect-error: a path must be a string
  assertThrows(() => SharedSection.load(1), TypeError, "path");
});

Deno.test("SharedSection.load() refuses a variable whose address is in no image section", async () => {
  const exports = { first: "u32", second: "u32" } as const;
  await using dll = await temporaryDll({ section: ".ASHARE", variables: exports });
  const image = Deno.readFileSync(dll.path);
  const second = inspectImage(image).exports.find(({ name }) => name === "second")!;
  const data = new DataView(image.buffer);
  for (let at = 0; at < image.length; at += 4) {
    if (data.getUint32(at, true) === second.address) data.setUint32(at, 0x7000_0000, true);
  }
  Deno.writeFileSync(dll.path, image);
  assertThrows(
    () => SharedSection.load(dll.path, { exports }),
    Deno.errors.InvalidData,
    "Cannot share second: it is in no image section of ",
  );
});

// Windows for arm64 can map images for x64, too.
Deno.test({
  name: "SharedSection.load() refuses an image for another machine",
  ignore: Deno.build.arch !== "x86_64",
  fn: async () => {
    await using dll = await temporaryDll({ variables: { count: "u32" }, machine: "arm64" });
    assertThrows(
      () => SharedSection.load(dll.path),
      Deno.errors.InvalidData,
      "it is for another machine (arm64), this process is for x64",
    );
  },
});

Deno.test("SharedSection.load() refuses an empty or shortened image", async () => {
  await using dll = await temporaryDll({ variables: { count: "u32" } });
  const image = buildSharedSection({ variables: { count: "u32" } });
  for (const length of [0, 1, 63, 64, 200, 511, 512, image.length - 512]) {
    await Deno.writeFile(dll.path, image.subarray(0, length));
    const error = assertThrows(() => SharedSection.load(dll.path), Deno.errors.InvalidData);
    assertMatch(error.message, /shared\.dll/);
  }
});

Deno.test("SharedSection.load() refuses a file that is open for writing, and prevents later writing", async () => {
  await using dll = await temporaryDll({ variables: { count: "u32" } });
  {
    using _file = await Deno.open(dll.path, { write: true });
    assertThrows(() => SharedSection.load(dll.path), Deno.errors.Busy);
  }
  using _section = SharedSection.load(dll.path);
  // While the image is mapped, Windows refuses writes: ERROR_USER_MAPPED_FILE or a sharing
  // violation.
  const refused = await Deno.writeFile(dll.path, new Uint8Array(9)).then(() => false, () => true);
  assertEquals(refused, true);
});

Deno.test("SharedSection.load() leaks no handle and no mapping, also when it throws", async () => {
  await using dll = await temporaryDll({ variables: { count: "u32", many: array("u8", 2 ** 20) } });
  await assertLeavesNoHandle(50, () => {
    using section = SharedSection.load(dll.path, { exports: { count: "u32" } });
    section.counters.count.add(1);
    assertThrows(() => SharedSection.load(dll.path, { exports: { other: "u32" } }));
    assertThrows(() => SharedSection.load(dll.path, { section: ".edata" }));
  });
});

Deno.test("A shared section can have 16 MiB, and its trailing zeros are not in the file", async () => {
  const exports = { data: array("u32", 2 ** 22), last: "u32" } as const;
  const image = buildSharedSection({ variables: exports });
  assertEquals(image.length, 2048);
  await using dll = await temporaryDll({ variables: exports });
  using section = SharedSection.load(dll.path, { exports });
  using other = SharedSection.load(dll.path, { exports });
  section.variables.last = 5;
  section.variables.data.set(2 ** 22 - 1, 6);
  assertEquals(other.bytes.length, 2 ** 24 + 4);
  assertEquals([other.variables.last, other.variables.data.get(2 ** 22 - 1)], [5, 6]);
});
