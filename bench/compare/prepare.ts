/**
 * Makes the programs of a comparison ready to run.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import type { InstallOptions, NotFound, Program } from "./install/install.ts";
import { installBun, installNode } from "./install/npm.ts";
import { compileEndsInC, compileEndsOfBoost } from "./compile_ends.ts";
import { EVERYONE } from "./plan.ts";
import type { By } from "./ways.ts";

/** The programs that are ready to run. `await using` deletes the files that were made for them. */
export interface Programs extends AsyncDisposable {
  /** The missing programs, with the reasons. */
  readonly missing: ReadonlyMap<By, string>;
  /** Versions by name, besides those of Deno. */
  readonly versions: Readonly<Record<string, string>>;
  /** Returns the program of `by` and its first arguments. The side, the way and a name follow. */
  commandOf(by: By): readonly string[];
}

/** Makes the programs of all libraries and runtimes ready to run. */
export type Prepare = (options: InstallOptions) => Promise<Programs>;

const ENDS = new URL("ends/", import.meta.url);

const PREPARATIONS: Readonly<
  Record<By, (options: InstallOptions) => Promise<Program | NotFound>>
> = {
  "winipc": () => runByDeno("winipc.ts"),
  "deno": () => runByDeno("deno.ts"),
  "node-net": () => runByDeno("node_net.ts"),
  "node": async (options) => runBy(await installNode(options), "node.ts"),
  "bun": async (options) => runBy(await installBun(options), "bun.ts"),
  "c": () => compileEndsInC(),
  "boost": compileEndsOfBoost,
};

/** Installs or compiles the programs of the comparison, except for those that are missing. */
export const preparePrograms: Prepare = async (options) => {
  await using stack = new AsyncDisposableStack();
  const programs = new Map<By, Program>();
  const missing = new Map<By, string>();
  for (const by of EVERYONE) {
    options.signal?.throwIfAborted();
    const program = await PREPARATIONS[by](options);
    if ("missing" in program) missing.set(by, program.missing);
    else programs.set(by, stack.use(program));
  }
  const made = stack.move();
  return {
    missing,
    versions: Object.assign({}, ...[...programs.values()].map(({ versions }) => versions)),
    commandOf: (by) => programs.get(by)!.command,
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  };
};

function runByDeno(script: string): Promise<Program> {
  return Promise.resolve({
    versions: {},
    command: [Deno.execPath(), "run", "--no-prompt", "--allow-all", pathOf(script)],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

function runBy(runtime: Program | NotFound, script: string): Program | NotFound {
  if ("missing" in runtime) return runtime;
  return {
    versions: runtime.versions,
    command: [...runtime.command, pathOf(script)],
    [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose](),
  };
}

function pathOf(script: string): string {
  return fileURLToPath(new URL(script, ENDS));
}
