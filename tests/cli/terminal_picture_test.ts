// Task: test:command
//
// The picture of the README: docs/command.svg, which deno task picture makes.

import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { drawTerminal } from "../../tools/terminal_picture.ts";

Deno.test("drawTerminal() places texts by their columns, with colours and escaped", () => {
  const lines = ["a b  \x1b[1mc\x1b[22m d", "\x1b[31;2m<&\x1b[39m x\x1b[0my"];
  const texts = drawTerminal("title", lines, 10).split("\n").slice(3, -2);
  assertEquals(texts, [
    '<text x="16" y="46" textLength="24">a b</text>',
    '<text x="56" y="46" textLength="8" class="b">c</text>',
    '<text x="72" y="46" textLength="8">d</text>',
    '<text x="16" y="64" textLength="16" class="r d">&lt;&amp;</text>',
    '<text x="40" y="64" textLength="8" class="d">x</text>',
    '<text x="48" y="64" textLength="8">y</text>',
  ]);
});

Deno.test("docs/command.svg shows ls, dump and top, without the name of a user, in 20 KB", async () => {
  const svg = await Deno.readTextFile(new URL("../../docs/command.svg", import.meta.url));
  for (const text of ["winipc ls", "winipc dump", "winipc top", "PC\\anna", "plant.orders"]) {
    assertStringIncludes(svg, text);
  }
  assertEquals(svg.includes("\x1b"), false);
  assertLess(svg.length, 20_000);
});
