/**
 * A viewer that runs once at a time. The first process opens the files of its arguments. A later
 * process hands its files over to the first, and ends. Each command is for a terminal of its own:
 *
 *     deno run --allow-ffi examples/single_instance.ts first.png
 *     deno run --allow-ffi examples/single_instance.ts second.png third.png
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { SingleInstance } from "@winipc/winipc/instance";

const { _: args, name, count, timeout } = parseArgs(Deno.args, {
  string: ["name", "count", "timeout"],
  default: { name: "winipc-viewer", count: "Infinity", timeout: "30000" },
});
const files = args.map(String);
if (files.length === 0) {
  console.error("Usage: single_instance.ts FILE… [--name NAME] [--count FILES] [--timeout MS]");
  Deno.exit(2);
}

const enough = Promise.withResolvers<void>();
let opened = 0;

/** Opens files as a viewer would. After `--count` files the script ends. */
function open(files: readonly string[], folder: string): void {
  for (const file of files) {
    console.log(`Process ${Deno.pid} opens ${file} of ${folder}`);
    if (++opened >= Number(count)) enough.resolve();
  }
}

await using instance = await SingleInstance.acquire(name, {
  onSecond: (args, cwd) => open(args, cwd),
  args: files,
  timeout: Number(timeout),
});
if (instance) {
  open(files, "this folder");
  await enough.promise;
} else {
  console.log(`Process ${Deno.pid} has handed over ${files.length} files`);
}
