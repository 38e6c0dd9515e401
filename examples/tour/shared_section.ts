/**
 * The tour's variable in a DLL, to which two processes add at the same time.
 *
 * @module
 */

import { inspectImage, SharedSection } from "@winipc/winipc";
import { build, raise, variables } from "../shared_section.ts";
import type { Chapter } from "./chapter.ts";

const TIMES = 500_000;

/** Builds a DLL, and adds to its variable together with another process. */
export async function sharedSection(chapter: Chapter): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-tour-" });
  try {
    const path = `${folder}\\visits.dll`;
    const image = build();
    await Deno.writeFile(path, image);
    const shared = inspectImage(path).sections.filter(({ shared }) => shared);
    using section = SharedSection.load(path, { exports: variables });
    const child = chapter.start(
      "shared_section.ts",
      "raise",
      "--file",
      path,
      "--times",
      `${TIMES}`,
    );
    chapter.print(
      "sent",
      `a DLL of ${image.length} bytes, built here, with the shared section ${section.name}`,
    );
    const output = child.output();
    // This process waits until the other process has begun, so that both count together.
    while (section.counters.visits.load() === 0) await chapter.moment();
    raise(section, TIMES);
    const { success, stdout } = await output;
    chapter.print("answer", new TextDecoder().decode(stdout).trim());
    const sum = section.counters.visits.load();
    chapter.check("the DLL has exactly one shared section", shared.length === 1);
    chapter.check("the other process exited without an error", success);
    chapter.check(`the variable is the sum of both counts: ${sum}`, sum === 2 * TIMES);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
