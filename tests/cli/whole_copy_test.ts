// Task: test:command
//
// Copies of memory that a program writes meanwhile.

import { assertEquals, assertNotStrictEquals, assertRejects } from "@std/assert";
import { copyWhole } from "../../src/cli/memory/whole_copy.ts";
import { layoutSchema } from "../../src/cli/schema/layout_schema.ts";
import type { Schema } from "../../src/cli/schema/schema.ts";
import { Section } from "../../src/cli/memory/section.ts";
import { SharedMemory } from "../../src/memory/mod.ts";
import { struct } from "../../src/struct/mod.ts";
import { randomName } from "../support/random_name.ts";

const PART = { at: 4, length: 4 };
const signal = new AbortController().signal;

/** Returns a schema whose rule is called with both copies. */
function ruled(isWhole: (first: number, second: number) => boolean): Schema {
  return {
    ...layoutSchema("Ruled", struct({ count: "u32" })),
    isWhole(copy, now = copy) {
      // The second copy is made after the first one, and is not the same.
      assertNotStrictEquals(copy.buffer, now.buffer);
      return isWhole(copy[0] ?? 0, now[0] ?? 0);
    },
  };
}

Deno.test("copyWhole() copies again until the rule of the memory says that the copy is whole", async () => {
  using memory = SharedMemory.create(randomName(), 4096);
  using view = memory.map();
  using section = new Section(memory.name!);
  view.bytes[4] = 1;
  const looks: [number, number][] = [];
  const schema = ruled((first, second) => {
    looks.push([first, second]);
    // The program writes between two attempts.
    view.bytes[4]!++;
    return looks.length === 3;
  });
  const { bytes, isWhole } = await copyWhole(section, PART, schema, signal);
  assertEquals([isWhole, bytes], [true, Uint8Array.of(3, 0, 0, 0)]);
  assertEquals(looks, [[1, 1], [2, 2], [3, 3]]);
});

Deno.test("copyWhole() ends after 32 attempts if the program writes all of the time", async () => {
  using memory = SharedMemory.create(randomName(), 4096);
  using section = new Section(memory.name!);
  let attempts = 0;
  const never = ruled(() => ++attempts < 0);
  assertEquals((await copyWhole(section, PART, never, signal)).isWhole, false);
  assertEquals(attempts, 32);
});

Deno.test("copyWhole() copies once without a rule, and ends when its signal aborts", async () => {
  using memory = SharedMemory.create(randomName(), 4096);
  using section = new Section(memory.name!);
  const plain = layoutSchema("Plain", struct({ count: "u32" }));
  const expected = { bytes: new Uint8Array(4), isWhole: true };
  assertEquals(await copyWhole(section, PART, plain, signal), expected);
  assertEquals(await copyWhole(section, PART, undefined, signal), expected);
  const reason = new Error("Ctrl-C");
  const aborted = AbortSignal.abort(reason);
  await assertRejects(() => copyWhole(section, PART, ruled(() => false), aborted), Error, "Ctrl-C");
});
