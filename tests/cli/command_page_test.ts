// Task: test:command
//
// docs/command.md, which deno task command makes from the table of subcommands.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { commandHelp } from "../../src/cli/command_line/help.ts";
import type { CommandSpec } from "../../src/cli/command_line/command.ts";
import { makePage, pageOf } from "../../tools/make_command_page.ts";

const root = new URL("../../", import.meta.url);
const npm = JSON.parse(await Deno.readTextFile(new URL("tools/winedeno.d/package.json", root)));
/** Other versions of Deno can format differently. */
const isPinned = npm.dependencies["@deno/win32-x64"] === Deno.version.deno;

Deno.test({
  name: "docs/command.md is made from the table; if not, run deno task command",
  ignore: !isPinned,
  fn: async () => {
    const text = await Deno.readTextFile(new URL("docs/command.md", root));
    assertEquals(text.replaceAll("\r\n", "\n"), await makePage());
  },
});

Deno.test("A command that prints JSON says all keys in its help text and in docs/command.md", () => {
  const spec: CommandSpec = {
    name: "count",
    summary: "Count.",
    description: ["Counts a|b."],
    arguments: [],
    options: [{ name: "json", summary: "Print one JSON document." }],
    examples: [{ text: "Count", command: "winipc count" }],
    permissions: [{ flag: "--allow-read", when: "to read FILE" }],
    json: [
      { key: "count", meaning: "The number." },
      { key: "owner.name", meaning: "The <owner>." },
    ],
  };
  assertEquals(
    commandHelp(spec),
    `\
Usage: winipc count [OPTION…]

Counts a|b.

  --json  Print one JSON document.

Keys of the JSON objects:
  count       The number.
  owner.name  The <owner>.

Needs --allow-read to read FILE.

Count:
    winipc count`,
  );
  assertStringIncludes(
    pageOf([spec]),
    `\
## winipc count

Counts a\\|b.

\`\`\`sh
winipc count [OPTION…]
\`\`\`

| option |  |
| --- | --- |
| \`--json\` | Print one JSON document. |

Needs \`--allow-read\` to read FILE.

Count:

\`\`\`sh
winipc count
\`\`\`

| JSON key |  |
| --- | --- |
| \`count\` | The number. |
| \`owner.name\` | The \\<owner>. |
`,
  );
});
