/** The module through which tests compile C programs. */
const COMPILER = new URL("../support/compile_c.ts", import.meta.url).href;

/** Returns whether a test file imports the C compiler, also through other files of tests. */
export async function needsCompiler(file: string): Promise<boolean> {
  const found = new Set([new URL(file, `file:///${Deno.cwd().replaceAll("\\", "/")}/`).href]);
  // The loop also comes to the files that are added meanwhile.
  for (const url of found) {
    if (url === COMPILER) return true;
    const text = await Deno.readTextFile(new URL(url));
    for (const [, path] of text.matchAll(/\bfrom "(\.{1,2}\/[^"]+\.ts)"/g)) {
      const { href } = new URL(path!, url);
      if (href.includes("/tests/")) found.add(href);
    }
  }
  return false;
}
