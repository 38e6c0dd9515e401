/**
 * Makes the programs of a comparison ready to run.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import type { InstallOptions, NotFound } from "./install/install.ts";
import { installBun, installNode, type Runtime } from "./install/npm.ts";
import { compileEndsInC, compileEndsOfBoost } from "./programs.ts";
import type { By } from "./ways.ts";

/** The programs that are ready to run. `await using` deletes those that were made for this. */
export interface Programs extends AsyncDisposable {
  /** Why programs are missing. */
  readonly missing: ReadonlyMap<By, string>;
  /** Versions by name, besides those of Deno. */
  readonly versions: Readonly<Record<string, string>>;
  /** Returns a program and its first arguments. The side, the way and a name follow. */
  commandOf(by: By): readonly string[];
}

/**
 * Makes programs ready to run.
 *
 * @param offerers The libraries and runtimes whose programs run.
 */
export type Prepare = (
  offerers: readonly By[],
  options: InstallOptions,
) => Promise<Programs>;

/** The ends of a library or a runtime, ready to run. */
interface Program extends AsyncDisposable {
  readonly versions: Readonly<Record<string, string>>;
  /** The program and its first arguments. */
  readonly command: readonly string[];
}

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

/** Makes the programs ready to run that this comparison has. */
export const preparePrograms: Prepare = async (offerers, options) => {
  await using stack = new AsyncDisposableStack();
  const programs = new Map<By, Program>();
  const missing = new Map<By, string>();
  for (const by of offerers) {
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

function runBy(runtime: Runtime | NotFound, script: string): Program | NotFound {
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
