/**
 * Makes the programs of a comparison ready to run.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { installBun, installNode, type MissingRuntime, type Runtime } from "./install/npm.ts";
import { compileEndsInC, compileEndsOfBoost } from "./programs.ts";
import type { By, WayName } from "./ways.ts";

/** The programs that are ready to run. `await using` deletes those that were made for this. */
export interface Programs extends AsyncDisposable {
  /** Why programs are missing. */
  readonly missing: ReadonlyMap<By, string>;
  /** Versions by name, besides those of Deno. */
  readonly versions: Readonly<Record<string, string>>;
  /** Returns the program of a way and its first arguments. The side, the way and a name follow. */
  commandOf(by: By, way: WayName): readonly string[];
}

/**
 * Makes programs ready to run.
 *
 * @param offerers The libraries and runtimes whose programs run.
 * @param installs Whether to install programs that are not there. Otherwise they are missing.
 */
export type Prepare = (offerers: readonly By[], installs: boolean) => Promise<Programs>;

/** The ends of a library or a runtime, ready to run. */
interface Program extends AsyncDisposable {
  readonly versions: Readonly<Record<string, string>>;
  commandOf(way: WayName): readonly string[];
}

const ENDS = new URL("ends/", import.meta.url);

const PREPARATIONS: Readonly<
  Record<By, (installs: boolean) => Promise<Program | MissingRuntime>>
> = {
  "winipc": () => runByDeno("winipc.ts"),
  "deno": () => runByDeno("deno.ts"),
  "node-net": () => runByDeno("node_net.ts"),
  "node": async (installs) => runBy(await installNode(installs), "node.ts"),
  "bun": async (installs) => runBy(await installBun(installs), "bun.ts"),
  "c": () => compileEndsInC(),
  "boost": compileEndsOfBoost,
};

/** Makes the programs ready to run that this comparison has. */
export const preparePrograms: Prepare = async (offerers, installs) => {
  await using stack = new AsyncDisposableStack();
  const programs = new Map<By, Program>();
  const missing = new Map<By, string>();
  for (const by of offerers) {
    const program = await PREPARATIONS[by](installs);
    if ("missing" in program) missing.set(by, program.missing);
    else programs.set(by, stack.use(program));
  }
  const made = stack.move();
  return {
    missing,
    versions: Object.assign({}, ...[...programs.values()].map(({ versions }) => versions)),
    commandOf: (by, way) => programs.get(by)!.commandOf(way),
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  };
};

function runByDeno(script: string): Promise<Program> {
  const command = [Deno.execPath(), "run", "--no-prompt", "--allow-all", pathOf(script)];
  return Promise.resolve({
    versions: {},
    commandOf: () => command,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

function runBy(runtime: Runtime | MissingRuntime, script: string): Program | MissingRuntime {
  if ("missing" in runtime) return runtime;
  const command = [...runtime.command, pathOf(script)];
  return {
    versions: runtime.versions,
    commandOf: () => command,
    [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose](),
  };
}

function pathOf(script: string): string {
  return fileURLToPath(new URL(script, ENDS));
}
