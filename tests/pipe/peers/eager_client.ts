/**
 * Connects to the pipes NAME-0, NAME-1 and so on as soon as they exist, and reads a byte from each:
 * `eager_client.ts NAME COUNT`. Prints "ready", and in the end the number of bytes.
 *
 * @module
 */

import { unless } from "../../../ffi/error.ts";
import { openPipe } from "../../../ffi/named_pipe.ts";
import { FileReader } from "../../../src/io/reader.ts";
import { soon } from "../../support/soon.ts";
import { pathOf } from "../c_peers.ts";

const [name, count] = Deno.args as [string, string];
console.log("ready");
let bytes = 0;
for (let number = 0; number < Number(count); number++) {
  const path = pathOf(`${name}-${number}`);
  const pipe = { path, label: `pipe "${path}"`, impersonation: "anonymous" } as const;
  let opened;
  const look = () => unless(Deno.errors.NotFound, () => openPipe(pipe));
  // The thread does not sleep, so that it finds the pipe in its first moment.
  do opened = unless(Deno.errors.Busy, look); while (opened === undefined);
  using handle = opened.handle;
  using reader = new FileReader(handle, { label: pipe.label, hasMessages: false });
  if (await reader.next(soon) !== undefined) bytes++;
}
console.log(bytes);
