/**
 * Opens a listener of the given class, which answers with `--answer`. Prints each message as JSON.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { CopyDataListener } from "../../../src/messages/mod.ts";

const { class: className, answer, visibility } = parseArgs(Deno.args, {
  string: ["class", "answer", "visibility"],
  default: { answer: "1", visibility: "message-only" },
});
await using listener = await CopyDataListener.open({
  class: className!,
  answer: BigInt(answer),
  visibility: visibility as "message-only" | "hidden",
});
console.log("ready");
for await (const { id, bytes, sender } of listener) {
  const sum = bytes.reduce((total, byte) => (total * 31 + byte) >>> 0, 0);
  console.log(
    JSON.stringify({ id: Number(id), byteLength: bytes.length, sum, pid: sender.pid }),
  );
}
console.log("ended");
