/**
 * A start of a script that runs once at a time: start.ts NAME MODE ARGS…. The first prints "ready",
 * and a line of JSON for each later start. A later one prints "handed over".
 *
 * @module
 */

import { SingleInstance } from "../../../src/instance/mod.ts";

const [name, mode, ...rest] = Deno.args;

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const instance = await SingleInstance.acquire(name!, {
  onSecond(args, cwd) {
    print(JSON.stringify({ args, cwd }));
    if (mode === "never") return new Promise(() => {});
    if (mode === "throw") throw new RangeError("no such picture");
  },
  ...(mode === "default" ? {} : { args: rest }),
});
print(instance === undefined ? "handed over" : "ready");
if (instance === undefined) Deno.exit();
if (mode === "block") { for (;;); }
if (mode === "unref") instance.unref();
if (mode === "close") await instance.close();
