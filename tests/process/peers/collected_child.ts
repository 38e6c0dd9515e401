/**
 * Keeps two streams of a child, but not the child's object: `collected_child.ts PROGRAM`. The
 * program copies its input to its output. Garbage is collected before and during the use of the
 * streams. Needs --v8-flags=--expose-gc.
 *
 * @module
 */

import { spawn } from "../../../src/process/mod.ts";

declare const gc: () => void;

async function collect(): Promise<void> {
  for (let count = 0; count < 20; count++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function start(): { stdin: WritableStream; stdout: ReadableStream<Uint8Array<ArrayBuffer>> } {
  const child = spawn(Deno.args[0]!, {
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    killWithParent: true,
  });
  const { stdin, stdout } = child;
  child.unref();
  return { stdin, stdout };
}

const { stdin, stdout } = start();
await collect();
const writer = stdin.getWriter();
const text = new Response(stdout).text();
await writer.write(new TextEncoder().encode("one "));
await collect();
await writer.write(new TextEncoder().encode("two"));
await collect();
await writer.close();
console.log(await text);
Deno.exit();
