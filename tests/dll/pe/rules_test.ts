/**
 * Checks images by the rules of Microsoft's "PE Format" page. The checks share no code with the
 * writer.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { buildSharedSection, type Machine } from "../../../src/dll/mod.ts";
import { array, utf16 } from "../../../src/struct/mod.ts";
import { brokenImages, brokenRules, PE_RULES } from "./rules/mod.ts";

const MACHINES = ["x64", "arm64", "x86"] as const satisfies Machine[];

/** Returns an image that breaks no rule, unless the writer has a fault. */
function rightImage(machine: Machine): Uint8Array<ArrayBuffer> {
  return buildSharedSection({
    machine,
    variables: { one: "i32", Two: "f64", three: utf16(8) },
    initial: { one: 0x1234_5678, three: "text" },
  });
}

Deno.test("An image of buildSharedSection() breaks no rule of the PE specification", () => {
  for (const machine of MACHINES) {
    assertEquals(brokenRules(rightImage(machine)), [], machine);
    // Sizes around the beginning of another block of the file, or of another page.
    for (const size of [1, 2, 511, 512, 513, 4095, 4096, 4097, 100_000]) {
      const variables = { first: "u8", data: array("u8", size), "_": "u64" } as const;
      for (const fill of [0, 1]) {
        const initial = { data: new Array<number>(size).fill(fill) };
        const image = buildSharedSection({ machine, variables, initial, section: ".eightch" });
        assertEquals(brokenRules(image), [], `${machine}, ${size} bytes of ${fill}`);
      }
    }
    const many = Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [`v${i}`, "u16"] as const),
    );
    assertEquals(brokenRules(buildSharedSection({ machine, variables: many })), [], machine);
  }
});

for (const rule of PE_RULES) {
  Deno.test(`brokenRules() finds an image that breaks the rule "${rule.name}"`, () => {
    let count = 0;
    for (const machine of MACHINES) {
      for (const [index, image] of brokenImages(rule, rightImage(machine)).entries()) {
        const broken = brokenRules(image);
        assert(
          broken.some((text) => text.startsWith(`${rule.name}: `)),
          `${machine}, break ${index}: ${JSON.stringify(broken)}`,
        );
        count++;
      }
    }
    assert(count > 0, "No image breaks this rule");
  });
}

Deno.test("brokenRules() finds an image that is shorter or longer than its headers say", () => {
  for (const machine of MACHINES) {
    const image = rightImage(machine);
    for (let length = 0; length < image.length; length += 7) {
      assert(brokenRules(image.subarray(0, length)).length > 0, `${machine}, ${length} bytes`);
    }
    const longer = new Uint8Array(image.length + 512);
    longer.set(image);
    assert(brokenRules(longer).length > 0, machine);
  }
});
