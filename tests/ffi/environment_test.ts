import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { environmentVariable } from "../../ffi/environment.ts";

Deno.test("environmentVariable() reads what Windows has, without a permission", () => {
  assertMatch(environmentVariable("SystemRoot") ?? "", /^[A-Z]:\\/i);
  assertEquals(environmentVariable("systemroot"), environmentVariable("SYSTEMROOT"));
  assertEquals(environmentVariable(`WINIPC_${crypto.randomUUID()}`), undefined);
  assertThrows(() => environmentVariable("a\0b"), TypeError);
});
