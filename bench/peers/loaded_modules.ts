/**
 * Prints how many modules of a checkout an import loads. V8's debugger names each that V8 compiles,
 * so modules of which only types are imported do not count.
 *
 * Arguments: `URL ROOT`, the module to import and the folder of the checkout.
 *
 * @module
 */

import { Session } from "node:inspector";

const [url, root] = Deno.args as [string, string];
let count = 0;
const session = new Session();
session.connect();
session.on("Debugger.scriptParsed", ({ params }) => {
  if (params.url.startsWith(root) && params.url !== import.meta.url) count++;
});
session.post("Debugger.enable");
await import(url);
console.log(count);
// The session would keep the process alive.
Deno.exit();
