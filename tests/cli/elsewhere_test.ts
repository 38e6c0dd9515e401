// Task: test:command
//
// The command on other systems than Windows: tools/winedeno --linux task test:portable

import { assertEquals } from "@std/assert";
import { winipc } from "./winipc.ts";

Deno.test({
  name: "winipc doctor says that winipc works on Windows only, and ends with 1",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const reason = `winipc calls the Win32 API and works on Windows only, but this is ` +
      Deno.build.os;
    const [text, json] = await Promise.all([winipc(["doctor"]), winipc(["doctor", "--json"])]);
    assertEquals([text.code, text.err, text.out.split("\n").at(-2)], [1, "", `✗ ${reason}`]);
    const { ok, reason: told, system, ways } = JSON.parse(json.out);
    assertEquals([json.code, json.err, ok, told, ways], [1, "", false, reason, []]);
    assertEquals(system, { os: Deno.build.os, arch: Deno.build.arch });
  },
});
