// Task: test:command

import { assertEquals } from "@std/assert";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { winipc } from "./winipc.ts";

Deno.test("winipc names a file that is missing or a folder, and ends with 3 or 1", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const missing = `${folder}x`;
    const flags = ["--allow-ffi", "--allow-read"];
    const calls: [words: (file: string) => string[], what: (file: string) => string][] = [
      [(file) => ["dll", file], (file) => JSON.stringify(file)],
      [(file) => ["replay", file, "no ring"], (file) => `the recording ${file}`],
      [(file) => ["dump", "no memory", "--schema", file], (file) => `the schema ${file}`],
    ];
    // On Windows, a folder cannot be opened: access is denied.
    const folderCode = isWine() ? 1 : 4;
    await Promise.all(calls.map(async ([words, what]) => {
      const [none, aFolder] = await Promise.all([
        winipc(words(missing), { flags }),
        winipc(words(folder), { flags }),
      ]);
      const err = `Cannot read ${what(missing)}: there is no such file\n`;
      assertEquals(none, { code: 3, out: "", err });
      assertEquals(aFolder.code, folderCode);
      if (folderCode === 1) {
        assertEquals(aFolder.err, `Cannot read ${what(folder)}: it is a folder\n`);
      }
    }));
  } finally {
    Deno.removeSync(folder);
  }
});
