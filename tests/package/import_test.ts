// Task: test:package

import { assert, assertEquals, assertMatch } from "@std/assert";
import { peerUrl } from "../support/peer_url.ts";

const root = new URL("../../", import.meta.url);

/** Yields the modules of a folder and of its subfolders. */
function* modules(folder: URL): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) yield* modules(url);
    else if (name.endsWith(".ts")) yield url.href;
  }
}

/** Returns the URLs of all exports and of all modules below them. */
function allModules(): string[] {
  const { exports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  const urls = [
    ...Object.values<string>(exports).map((path) => new URL(path, root).href),
    ...modules(new URL("ffi/", root)),
    ...modules(new URL("src/", root)),
  ];
  assert(urls.length > 100, `${urls.length} modules`);
  return urls;
}

/** Runs a peer in a process of its own. Returns the lines of its output. */
async function run(peer: string, permissions: string[], urls: string[] = []): Promise<string[]> {
  const script = peerUrl(`package/peers/${peer}`).href;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, script, ...urls],
    stderr: "inherit",
  }).output();
  return new TextDecoder().decode(stdout).trim().split(/\r?\n/);
}

Deno.test("Each module can be imported without a permission, on each system", async () => {
  const urls = allModules();
  const [imported] = await run("first_use.ts", ["--allow-read"], urls);
  assertEquals(imported, `imported ${urls.length}`);
});

Deno.test("Each module can be imported where there is no Deno, as in another runtime", async () => {
  const urls = allModules();
  const [imported] = await run("import_without_deno.ts", ["--allow-read"], urls);
  assertEquals(imported, `imported ${urls.length} with undefined and undefined`);
});

Deno.test("The first use throws an error that names the missing system or permission", async () => {
  const cases: [permissions: string[], windows: RegExp][] = [
    [["--allow-read", "--allow-ffi"], /^worked$/],
    [["--allow-read"], /^NotCapable: winipc needs a bare "--allow-ffi"/],
    [["--allow-read", "--allow-ffi=kernel32.dll"], /^NotCapable: winipc needs a bare/],
  ];
  for (const [permissions, windows] of cases) {
    const [, used] = await run("first_use.ts", permissions);
    const elsewhere = /^NotSupported: winipc calls the Win32 API and works on Windows only/;
    assertMatch(used ?? "", Deno.build.os === "windows" ? windows : elsewhere);
  }
});
