import { assertEquals, assertThrows } from "@std/assert";
import { describeCheckout } from "../../bench/compare/checkout.ts";

Deno.test("describeCheckout() says whether the files were changed at any time", () => {
  const clean = { commit: "c0ffee", isChanged: false };
  const changed = { ...clean, isChanged: true };
  assertEquals(describeCheckout(clean, clean), "c0ffee");
  assertEquals(describeCheckout(changed, clean), "c0ffee with changes");
  assertEquals(describeCheckout(clean, changed), "c0ffee with changes");
});

Deno.test("describeCheckout() refuses another commit at the end", () => {
  const before = { commit: "c0ffee", isChanged: false };
  const after = { ...before, commit: "decade" };
  assertThrows(() => describeCheckout(before, after), Error, "c0ffee at first, and decade");
});
