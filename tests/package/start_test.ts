// Task: test:package

import { assert } from "@std/assert";
import { countModules, MAX_MODULES } from "../../bench/start_modules.ts";

const root = new URL("../../", import.meta.url);

for (const [path, limit] of Object.entries(MAX_MODULES)) {
  Deno.test(`An import of ${path} loads at most ${limit} modules`, async () => {
    const count = await countModules(path, root);
    assert(count > 0 && count <= limit, `${count} modules`);
  });
}
