import { openLibrary } from "./open_library.ts";

/** Whether this Windows is Wine, which exports its version beside what Windows exports. */
export function isWine(): boolean {
  using library = openLibrary("ntdll.dll", {
    wine_get_version: { parameters: [], result: "pointer", optional: true },
  });
  return library.symbols.wine_get_version !== null;
}
