/**
 * The tour's variable in a DLL, which two processes raise at the same time.
 *
 * @module
 */

import { inspectImage, SharedSection } from "@winipc/winipc";
import { build, raise, variables } from "../shared_section.ts";
import type { Chapter } from "./chapter.ts";

const TIMES = 500_000;

/** Makes a DLL, and has another process raise a variable of it while this one does. */
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
    chapter.tell(
      "sent",
      `a DLL of ${image.length} bytes, made here, section ${section.name} shared`,
    );
    const output = child.output();
    // Both count at the same time: this one begins when the other has begun.
    while (section.counters.visits.load() === 0) await chapter.moment();
    raise(section, TIMES);
    const { success, stdout } = await output;
    chapter.tell("answer", new TextDecoder().decode(stdout).trim());
    const sum = section.counters.visits.load();
    chapter.check("the section is the only one that is shared", shared.length === 1);
    chapter.check("the other process ended well", success);
    chapter.check(`the variable holds every count of both: ${sum}`, sum === 2 * TIMES);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
