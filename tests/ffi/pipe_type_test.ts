import { assertEquals } from "@std/assert";
import { pipeType } from "../../ffi/named_pipe.ts";

Deno.test("pipeType() refuses clients on other machines in both modes, unless they are allowed", () => {
  // FILE_PIPE_MESSAGE_TYPE and FILE_PIPE_REJECT_REMOTE_CLIENTS share a word. A library that set
  // the first one lost the second: CVE-2023-22466 of tokio.
  const [messages, noRemote] = [1, 2];
  const onWindows = false;
  assertEquals(pipeType(false, false, onWindows), noRemote);
  assertEquals(pipeType(true, false, onWindows), messages | noRemote);
  assertEquals(pipeType(false, true, onWindows), 0);
  assertEquals(pipeType(true, true, onWindows), messages);
});
