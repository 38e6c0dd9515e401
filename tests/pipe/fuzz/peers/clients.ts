/**
 * Plays the clients of each round that comes as a line of JSON, and answers with their reports.
 *
 * @module
 */

import { playClients } from "../run.ts";

console.log("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
let text = "";
for await (const part of lines) {
  text += part;
  for (let end; (end = text.indexOf("\n")) >= 0; text = text.slice(end + 1)) {
    console.log(JSON.stringify(await playClients(JSON.parse(text.slice(0, end)))));
  }
}
