/**
 * Counts the modules that an import of this library loads, and has their limits. A test and
 * start_report.ts use it.
 *
 * @module
 */

/** Maximum number of loaded modules, by the path of the imported module. */
export const MAX_MODULES: Readonly<Record<string, number>> = {
  "mod.ts": 120,
  "src/memory/mod.ts": 40,
  "src/rpc/mod.ts": 140,
};

/** Returns how many modules of a checkout V8 compiles when a new process imports one of them. */
export async function countModules(path: string, root: URL): Promise<number> {
  return Number(await runPeer("loaded_modules.ts", [new URL(path, root).href, root.href]));
}

/** Runs a peer in a process of its own, and returns the line that it prints. */
export async function runPeer(peer: string, args: readonly string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      "--allow-ffi",
      "--allow-read",
      "--allow-sys=inspector",
      new URL(`peers/${peer}`, import.meta.url).href,
      ...args,
    ],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`${peer} failed`);
  return new TextDecoder().decode(stdout).trim();
}
