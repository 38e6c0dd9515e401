// Task: test:model
import { assertEquals, assertGreater, assertNotEquals, assertThrows } from "@std/assert";
import { loadChanged, readMarkedFiles } from "./model/changed_library.ts";
import { digest } from "./model/digest.ts";
import { Explorer } from "./model/explore.ts";
import { applyChange, type Change, findGuards, namesOf } from "./model/guards.ts";
import { assertFound, MUTANTS } from "./model/mutants.ts";
import { SCENARIOS } from "./model/scenarios.ts";
import { FRAME_MUTANTS } from "./model/frame_mutants.ts";
import { WAKE_MUTANTS } from "./model/wake_mutants.ts";

Deno.test("Each guard of the library is changed by a mutant or a test", async () => {
  const guards = findGuards(await readMarkedFiles());
  const used = new Set(["streak"]);
  const mutants = [MUTANTS, WAKE_MUTANTS, FRAME_MUTANTS].flatMap((all) => Object.values(all));
  for (const mutant of mutants) {
    if ("change" in mutant) { for (const name of namesOf(mutant.change)) used.add(name!); }
  }
  assertEquals([...guards.keys()].sort(), [...used].sort());
});

Deno.test("applyChange() throws an error with the guard's name if the line is missing or no statement", () => {
  const apply = (text: string, change: Change) => applyChange(new Map([["a.ts", text]]), change);
  const guarded = "function f() {\n  first(); // guard: one\n  second(); // guard: two\n}";
  assertThrows(() => apply(guarded, { leaveOut: "three" }), Error, '"guard: three"');
  assertThrows(() => apply(guarded, { move: "one", after: "three" }), Error, '"guard: three"');
  assertThrows(() => apply(guarded, { set: "one", to: "false" }), Error, '"guard: one"');
  const twice = `${guarded}\n${guarded}`;
  assertThrows(() => apply(twice, { leaveOut: "one" }), Error, 'Two lines are marked "guard: one"');
  const inPart = "call(\n  first,\n  second); // guard: one";
  assertThrows(() => apply(inPart, { leaveOut: "one" }), Error, '"guard: one"');
});

Deno.test("applyChange() leaves a line out, moves it, replaces it, sets it, or ends a loop after it", () => {
  const text = "{\n  first(); // guard: one\n  // Why.\n  const a = b(); // guard: two\n}";
  const apply = (change: Change) => {
    const [_, changed] = applyChange(new Map([["a.ts", text]]), change);
    return changed.split("\n").map((line) => line.trim()).filter((line) => /^[^/]/.test(line));
  };
  const [first, second] = ["first(); // guard: one", "const a = b(); // guard: two"];
  assertEquals(apply({ leaveOut: "one" }), ["{", second, "}"]);
  assertEquals(apply({ move: "one", after: "two" }), ["{", "const a = b();", "first();", "}"]);
  assertEquals(apply({ move: "two", before: "one" }), ["{", "const a = b();", "first();", "}"]);
  assertEquals(apply({ replace: "two", by: "one" }), ["{", first, "first();", "}"]);
  assertEquals(apply({ set: "two", to: "false" }), ["{", first, "const a = false;", "}"]);
  assertEquals(apply({ breakAfter: "one" }), ["{", "first(); break;", second, "}"]);
});

Deno.test("The model still works if private fields and constants of marked lines are renamed", async () => {
  for (
    const name of [
      "an end blocks without a second look",
      "an end looks a second time before it raises its wake flag",
      "a new sender wakes the receiver only if its wake flag is raised",
    ]
  ) {
    const mutant = MUTANTS[name]!;
    await assertFound({ ...mutant, edit: renameAll }, SCENARIOS[mutant.scenario]);
  }
  const library = await loadChanged({ leaveOut: "streak" }, renameAll);
  const scenario = SCENARIOS["sendSync() of one message, receive()"];
  const { states } = await new Explorer(library, scenario).explore();
  assertGreater(states, 100);
});

/** Renames all private fields, and all constants that marked lines declare. */
function renameAll(text: string): string {
  let renamed = text.replace(/#(\w+)/g, "#other_$1");
  for (const [_, name] of text.matchAll(/const (\w+) = .*\/\/ guard: /g)) {
    renamed = renamed.replace(new RegExp(`(?<![.\\w#])${name}\\b`, "g"), `other_${name}`);
  }
  return renamed;
}

Deno.test("digest() differs for objects whose private fields differ, at any depth", async () => {
  class Inner {
    #values: unknown[];
    constructor(...values: unknown[]) {
      this.#values = values;
    }
    add(value: unknown): void {
      this.#values.push(value);
    }
  }
  class Outer {
    readonly #inner: Inner;
    readonly #self = this;
    constructor(inner: Inner) {
      this.#inner = inner;
    }
    get known(): boolean {
      return this.#self.#inner !== undefined;
    }
  }
  const of = (...values: unknown[]) => digest([new Map([["a", new Outer(new Inner(...values))]])]);
  assertEquals(await of(1, 2n, "3", null, undefined), await of(1, 2n, "3", null, undefined));
  const all = [[], [1], [2], ["1"], [1n], [0], [-0], [null], [undefined], [new Inner(1)]];
  const texts = new Set<string>();
  for (const values of all) texts.add(await of(...values));
  assertEquals(texts.size, all.length);
  // Now directly in a private field.
  class One {
    readonly #value: unknown;
    constructor(value: unknown) {
      this.#value = value;
    }
    get known(): boolean {
      return this.#value !== undefined;
    }
  }
  const ones = new Set<string>();
  for (const [value] of all) ones.add(await digest(new One(value)));
  // The first list is empty, so its value is undefined, as in another list.
  assertEquals(ones.size, all.length - 1);
  const inner = new Inner();
  const before = await digest(inner);
  inner.add(1);
  assertNotEquals(await digest(inner), before);
});
