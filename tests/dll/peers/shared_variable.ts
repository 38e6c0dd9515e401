/**
 * Loads a DLL and uses an int that the DLL exports, as shared_variable.c does.
 *
 *     shared_variable.ts DLL NAME
 */

import { TextLineStream } from "@std/streams";
import { SharedSection } from "../../../src/dll/mod.ts";

const [path, name] = Deno.args;
using section = SharedSection.load(path!, { exports: { [name!]: "i32" } });
const counter = section.counters[name!]!;
console.log("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(
  new TextLineStream(),
);
for await (const line of lines) {
  const [, times = "0"] = /^add (\d+)$/.exec(line) ?? [];
  for (let i = 0; i < Number(times); i++) counter.add(1);
  console.log(String(counter.load()));
}
