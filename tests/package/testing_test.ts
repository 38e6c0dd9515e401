// Task: test:package
//
// The export ./testing: tests as a user writes them, with Deno's sanitizers on.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { randomName } from "../support/random_name.ts";

const root = new URL("../../", import.meta.url);

/** One test of each kind of object, as a user may write it. */
const USERS_TESTS = `
import { assertEquals } from "@std/assert";
import {
  buildSharedSection, CopyDataListener, findWindow, LatestValue, RingChannel, sendCopyData,
  SharedEvent, SharedMemory, SharedMutex, SharedSection, spawn, struct, waitAny,
} from "@winipc/winipc";

const name = "NAME";
const signal = AbortSignal.timeout(60_000);

Deno.test("listener", async () => {
  await using listener = await CopyDataListener.open({ class: name });
  const answer = sendCopyData(await findWindow({ class: name }), "hello", { id: 1, signal });
  assertEquals((await listener.receive({ signal }))?.text(), "hello");
  await answer;
});

Deno.test("handler", async () => {
  await using _ = await CopyDataListener.open({ class: name, onMessage: () => 7, onError: console.error });
  assertEquals(await sendCopyData(await findWindow({ class: name }), "hello", { id: 1, signal }), 7n);
});

Deno.test("value", async () => {
  using value = LatestValue.create(name, struct({ lap: "u32" }));
  using writer = value.writer();
  using reader = value.reader();
  const changes = reader.changes({ signal });
  const change = changes.next();
  writer.write({ lap: 3 });
  assertEquals((await change).value, { lap: 3 });
  await changes.return();
});

Deno.test("channel", async () => {
  using channel = RingChannel.create(name);
  using receiver = channel.receiver();
  using sender = channel.sender();
  const message = receiver.receive({ signal });
  await sender.send(Uint8Array.of(5));
  assertEquals(await message, Uint8Array.of(5));
});

Deno.test("event and mutex", async () => {
  using event = SharedEvent.create(name);
  using mutex = SharedMutex.create(name + " mutex");
  {
    using _lock = await mutex.lock({ signal });
    event.set();
  }
  assertEquals((await waitAny([event], { signal })).index, 0);
});

Deno.test("memory for everyone, and a child", async () => {
  using memory = SharedMemory.create(name, 64, { security: "everyone" });
  using view = memory.map();
  view.bytes[0] = 1;
  await using child = spawn("cmd", { args: ["/c", "exit 3"], inherit: { memory } });
  assertEquals((await child.status).code, 3);
});

Deno.test("section", () => {
  const variables = { count: "i32" } as const;
  Deno.writeFileSync("section.dll", buildSharedSection({ section: ".SHARED", variables }));
  using section = SharedSection.load("section.dll", { exports: variables });
  section.variables.count = 2;
  assertEquals(section.variables.count, 2);
});
`;

/** The tests of {@linkcode USERS_TESTS}, and a file that preloads the export. */
async function runUsersTests(...flags: string[]): Promise<{ code: number; text: string }> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    const { imports, exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
    for (const [name, path] of Object.entries<string>(exports)) {
      imports[`@winipc/winipc${name.slice(1)}`] = new URL(path, root).href;
    }
    const test = { sanitizeOps: true, sanitizeResources: true };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports, test }));
    await Deno.writeTextFile(`${folder}/preload.ts`, 'import "@winipc/winipc/testing";\n');
    const tests = USERS_TESTS.replaceAll("NAME", randomName());
    await Deno.writeTextFile(`${folder}/users_test.ts`, tests);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-check", "--no-prompt", ...flags, "users_test.ts"],
      cwd: folder,
      env: { NO_COLOR: "1" },
      signal: AbortSignal.timeout(120_000),
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, text: `${out}${err}` };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

// The last test writes a DLL.
const PERMISSIONS = ["--allow-ffi", "--allow-write"];

Deno.test("The sanitizers pass a user's tests of each kind of object if ./testing is preloaded", async () => {
  const { code, text } = await runUsersTests("--preload=preload.ts", ...PERMISSIONS);
  assertEquals(code, 0, text);
  assertMatch(text, /\| 7 passed/);
});

Deno.test("The sanitizers fail the first test that uses the module without ./testing", async () => {
  const { code, text } = await runUsersTests(...PERMISSIONS);
  assertEquals(code, 1, text);
  assertStringIncludes(text, "A dynamic library was loaded during the test");
});

Deno.test("Preloading ./testing without --allow-ffi neither asks nor fails", async () => {
  const { code, text } = await runUsersTests("--preload=preload.ts", "--filter=none of them");
  assertEquals(code, 0, text);
  assertMatch(text, /\| 0 passed/);
});
