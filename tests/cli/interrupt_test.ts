// Task: test:command
//
// Ctrl-Break on a terminal. The tests of the subcommands press Ctrl-C.

import { assertEquals } from "@std/assert";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { BroadcastRing } from "../../src/channel/mod.ts";
import { randomName } from "../support/random_name.ts";
import { SharedMemory } from "../../src/memory/mod.ts";
import { Terminal } from "./terminal.ts";

Deno.test({
  name: "Ctrl-Break ends winipc watch and winipc listen with 130, as Ctrl-C does",
  // Wine ends a thread of the process, and does not call the handlers.
  ignore: isWine(),
  async fn() {
    const [plain, news] = [randomName(), randomName()];
    using _memory = SharedMemory.create(plain, 4096);
    using _ring = BroadcastRing.create(news);
    const breakAt = async (ready: string, ...args: string[]) => {
      await using terminal = await Terminal.winipc(args);
      await terminal.until(ready);
      await terminal.type("\x1c");
      return (await terminal.ended()).code;
    };
    const codes = await Promise.all([
      breakAt("00000000", "watch", plain),
      breakAt("Listening on ", "listen", `broadcast:${news}`),
    ]);
    assertEquals(codes, [130, 130]);
  },
});
