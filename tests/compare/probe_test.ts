import { assertEquals, assertRejects } from "@std/assert";
import { probe } from "../../bench/compare/install/probe.ts";

Deno.test("probe() returns what the program writes", async () => {
  const source = `#include <stdio.h>
int main(void) { printf("1.2"); return 0; }
`;
  assertEquals(await probe("writes.c", source), "1.2");
});

Deno.test("probe() returns undefined if the program writes nothing", async () => {
  const source = `#if __has_include(<no_such_header.hpp>)
#error "There is such a header"
#endif
int main() {}
`;
  assertEquals(await probe("no_header.cpp", source), undefined);
});

Deno.test("probe() rejects if the compiler or the program reports an error", async () => {
  await assertRejects(() => probe("wrong.c", "int main(void) { return }\n"), Error, "failed");
  const failing = "int main(void) { return 3; }\n";
  await assertRejects(() => probe("failing.c", failing), Error, "exit code 3");
});
