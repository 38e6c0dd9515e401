import { assert, assertEquals, assertMatch } from "@std/assert";
import { peerUrl } from "../support/peer_url.ts";

const root = new URL("../../", import.meta.url);

/** The modules of a folder and of those below it. */
function* modules(folder: URL): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) yield* modules(url);
    else if (name.endsWith(".ts")) yield url.href;
  }
}

/** Imports modules and then uses the library, in a process of its own; gives the lines it wrote. */
async function importAndUse(permissions: string[], urls: string[] = []): Promise<string[]> {
  const script = peerUrl("package/peers/first_use.ts").href;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, script, ...urls],
    stderr: "inherit",
  }).output();
  return new TextDecoder().decode(stdout).trim().split(/\r?\n/);
}

Deno.test("every module can be imported without a permission, on any system", async () => {
  const { exports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  const urls = [
    ...Object.values<string>(exports).map((path) => new URL(path, root).href),
    ...modules(new URL("ffi/", root)),
    ...modules(new URL("src/", root)),
  ];
  assert(urls.length > 20, `${urls.length} modules`);
  const [imported] = await importAndUse(["--allow-read"], urls);
  assertEquals(imported, `imported ${urls.length}`);
});

Deno.test("the first use says what is missing", async () => {
  const cases: [permissions: string[], windows: RegExp][] = [
    [["--allow-read", "--allow-ffi"], /^worked$/],
    [["--allow-read"], /^NotCapable: winipc needs a bare "--allow-ffi"/],
    [["--allow-read", "--allow-ffi=kernel32.dll"], /^NotCapable: winipc needs a bare/],
  ];
  for (const [permissions, windows] of cases) {
    const [, used] = await importAndUse(permissions);
    const elsewhere = /^NotSupported: winipc calls the Win32 API and works on Windows only/;
    assertMatch(used ?? "", Deno.build.os === "windows" ? windows : elsewhere);
  }
});
