// Makes a folder that Deno can use as JSR_URL on a machine that does not reach JSR. In the folder are
// the @std packages that deno.json imports. Their code is from npm's deno-std, which has no types.
// Their types are from the .d.ts files under jsr/.
//
//   deno run -R -W make_jsr.ts DENO_STD DENO_JSON FOLDER

const [denoStd, denoJson, folder] = Deno.args as [string, string, string];
const declarations = `${import.meta.dirname}/jsr`;

for (const [name, versions] of await importedVersions()) {
  const exports = await declaredExports(name);
  for (const version of versions) await writeVersion(name, version, exports);
  await writeJson(`@std/${name}/meta.json`, {
    scope: "std",
    name,
    latest: versions.at(-1),
    versions: Object.fromEntries(versions.map((version) => [version, {}])),
  });
}

/** Returns the @std packages that deno.json imports, each with the lowest versions that satisfy it. */
async function importedVersions(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const specifier of Object.values(await readImports())) {
    const match = /^jsr:\/?@std\/([\w-]+)(?:@[^\d/]*([\d.]*)[^/]*)?/.exec(specifier);
    if (!match) continue;
    const [, name, range = ""] = match as unknown as [string, string, string?];
    const [major = "1", minor = "0", patch = "0"] = range.split(".").filter(Boolean);
    const versions = found.get(name) ?? [];
    const version = `${major}.${minor}.${patch}`;
    if (!versions.includes(version)) found.set(name, [...versions, version]);
  }
  return found;
}

async function readImports(): Promise<Record<string, string>> {
  try {
    return JSON.parse(await Deno.readTextFile(denoJson)).imports ?? {};
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

/** Returns the exports of a package that have a declaration under jsr/: their names and files. */
async function declaredExports(name: string): Promise<Record<string, string>> {
  const exports: Record<string, string> = {};
  try {
    for await (const { name: file } of Deno.readDir(`${declarations}/${name}`)) {
      if (!file.endsWith(".d.ts")) continue;
      const module = file.replace(".d.ts", "");
      exports[module === "mod" ? "." : `./${module.replaceAll("_", "-")}`] =
        `./${name}/${module}.js`;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (Object.keys(exports).length === 0) {
    console.error(
      `deno.json imports jsr:@std/${name}, and JSR is not reachable: declare the functions that are used in ${declarations}/${name}/`,
    );
    Deno.exit(1);
  }
  return exports;
}

/**
 * Writes the exported files and all files that they import. The imports reach into other packages,
 * so the folder has deno-std's own layout.
 */
async function writeVersion(
  name: string,
  version: string,
  exports: Record<string, string>,
): Promise<void> {
  const manifest: Record<string, { size: number; checksum: string }> = {};
  const exported = Object.values(exports).map((path) => path.slice(1));
  const pending = [...exported];
  for (const path of pending) {
    const code = exported.includes(path)
      ? await addDeclaration(path)
      : await Deno.readTextFile(denoStd + path);
    for (const [, specifier] of code.matchAll(/^(?:import|export)\b[^;]*?\bfrom "(\.[^"]*)"/gm)) {
      const imported = new URL(specifier!, `file://${path}`).pathname;
      if (!pending.includes(imported)) pending.push(imported);
    }
    await add(path, code);
  }
  await writeJson(`@std/${name}/${version}_meta.json`, { manifest, exports });

  /** Returns the module's code, tied to its declaration. */
  async function addDeclaration(path: string): Promise<string> {
    const declarationPath = path.replace(".js", ".d.ts");
    const declaration = await Deno.readTextFile(declarations + declarationPath);
    await add(declarationPath, declaration);
    // Some mod.js files of deno-std import files that the package lacks. So if a declaration only
    // re-exports, the code re-exports the same files.
    const code = declaration.startsWith("export * from")
      ? declaration.replaceAll(".d.ts", ".js")
      : await readStandIn(path) ?? await Deno.readTextFile(denoStd + path);
    return `// @ts-self-types="./${declarationPath.split("/").at(-1)}"\n${code}`;
  }

  /** Reads the code beside a declaration, which replaces a module that deno-std has only in part. */
  async function readStandIn(path: string): Promise<string | undefined> {
    try {
      return await Deno.readTextFile(declarations + path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  async function add(path: string, text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    manifest[path] = { size: bytes.length, checksum: `sha256-${digest.toHex()}` };
    await write(`@std/${name}/${version}${path}`, text);
  }
}

function writeJson(path: string, value: unknown): Promise<void> {
  return write(path, JSON.stringify(value, null, 2));
}

async function write(path: string, text: string): Promise<void> {
  const file = `${folder}/${path}`;
  await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(file, text);
}
