import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { user32 } from "../../../ffi/win32/user32.ts";
import { encodeWide } from "../../../ffi/wide.ts";
import { findWindow, listWindows, MessageWindow } from "../../../src/messages/mod.ts";
import { HWND_MESSAGE } from "../../../src/messages/window/find.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

for (const visibility of ["message-only", "hidden"] as const) {
  Deno.test(`findWindow() finds a ${visibility} window of another process`, async () => {
    const name = randomName();
    // The title is longer than a buffer of usual size.
    const title = `title of ${name}, ${"x".repeat(5000)}.`;
    await using peer = await Peer.start("messages/peers/window.ts", name, visibility, title);
    const byClass = await findWindow({ class: name.toUpperCase() });
    assertEquals(byClass, {
      handle: byClass.handle,
      class: name,
      title,
      pid: byClass.pid,
      messageOnly: visibility === "message-only",
    });
    assertEquals(byClass.pid, peer.pid);
    assertEquals(await findWindow({ title }), byClass);
    assertEquals(await findWindow({ class: name, pid: peer.pid }), byClass);
    assert(listWindows({ pid: peer.pid }).some(({ handle }) => handle === byClass.handle));
    assertEquals(listWindows({ class: name, pid: Deno.pid }), []);
    const pattern = new RegExp(`^${name.toUpperCase()}$`, "i");
    const endOfTitle = new RegExp(`${name}, x{5000}\\.$`);
    assertEquals(await findWindow({ class: pattern }), byClass);
    assertEquals(await findWindow({ title: endOfTitle }), byClass);
    assertEquals(await findWindow({ class: pattern, title: endOfTitle, timeout: 0 }), byClass);
    assertEquals(listWindows({ class: pattern, title: /^title of /, pid: peer.pid }), [byClass]);
    // Patterns without the flag i distinguish upper and lower case. All parts of a query must
    // match.
    assertEquals(listWindows({ class: new RegExp(name.toUpperCase()) }), []);
    assertEquals(listWindows({ class: pattern, title: /^nobody's/ }), []);
    assertEquals(listWindows({ class: pattern, pid: Deno.pid }), []);
  });
}

Deno.test("findWindow() throws NotFound at once without a timeout, and TimedOut after its timeout", async () => {
  await assertRejects(
    () => findWindow({ class: randomName() }),
    Deno.errors.NotFound,
    'Cannot find a window with class "winipc-test-',
  );
  await assertRejects(
    () => findWindow({ pid: 5, title: /^no such "title"$/i, class: /^none\.\d/ }),
    Deno.errors.NotFound,
    'Cannot find a window with class /^none\\.\\d/, title /^no such "title"$/i, pid 5',
  );
  await assertRejects(
    () => findWindow({ class: randomName(), timeout: 20 }),
    Deno.errors.TimedOut,
    "Waited 20 ms",
  );
  const reason = new Error("enough");
  const aborted = findWindow({ class: randomName(), signal: AbortSignal.abort(reason) });
  assertEquals(await assertRejects(() => aborted), reason);
});

Deno.test("findWindow() with a timeout finds a window that is opened later", async () => {
  const name = randomName();
  const waiting = findWindow({ class: name, ...soon });
  using window = MessageWindow.open({ class: name, procedure: () => undefined });
  assertEquals((await waiting).handle, window.handle);
});

Deno.test("findWindow() throws TypeError without a class, a title or a pid", async () => {
  await assertRejects(
    () => findWindow({}),
    TypeError,
    "Cannot find a window without a class, a title or a pid",
  );
  await assertRejects(() => findWindow({ timeout: 5 }), TypeError);
});

Deno.test("findWindow() and listWindows() throw for an invalid query", async () => {
  const wrong: [object, typeof TypeError | typeof RangeError, string][] = [
    [{ titel: "x" }, TypeError, 'no option "titel": did you mean "title"?'],
    [{ class: 5 }, TypeError, "Expected class to be a string or a RegExp, got 5"],
    [{ title: ["x"] }, TypeError, "Expected title to be a string or a RegExp, got an array"],
    [{ class: "" }, RangeError, "Expected class to have 1 to 255 characters, got 0"],
    [{ class: "a".repeat(256) }, RangeError, "Expected class to have 1 to 255 characters, got 256"],
    [{ class: "a\0b" }, TypeError, "Expected class to have no NUL in it"],
    [{ title: "a\0b" }, TypeError, "Expected title to have no NUL in it"],
    [{ class: /a/g }, TypeError, "class to be a RegExp without the flags g and y"],
    [{ title: /a/iy }, TypeError, "without the flags g and y, got /a/iy"],
    [{ pid: "5" }, TypeError, "Expected pid to be a number"],
    [{ pid: 1.5 }, RangeError, "Expected pid to be an integer"],
    [{ pid: -1 }, RangeError, "Expected pid to be an integer"],
    [{ pid: 2 ** 32 }, RangeError, "Expected pid to be an integer"],
  ];
  for (const [query, error, text] of wrong) {
    assertThrows(() => listWindows(query), error, text);
    await assertRejects(() => findWindow(query), error, text);
  }
  const waits: [object, typeof TypeError | typeof RangeError, string][] = [
    [{ timeout: "5" }, TypeError, "Expected timeout to be a number"],
    [{ timeout: -1 }, RangeError, "Expected timeout to be an integer"],
    [{ signal: {} }, TypeError, "Expected signal to be an AbortSignal"],
  ];
  for (const [wait, error, text] of waits) {
    await assertRejects(() => findWindow({ title: "x", ...wait }), error, text);
    assertThrows(() => listWindows(wait), TypeError, "There is no option");
  }
  // @ts-expect-error: the call must also fail at run time
  await assertRejects(() => findWindow("title"), TypeError, "Expected the options to be an object");
});

Deno.test("listWindows() compares classes and titles as FindWindowExW does", () => {
  const id = crypto.randomUUID();
  const [name, title] = [`STRASSE µ ÿ ${id}`, `Große STRASSE ÿ ${id}`];
  using window = MessageWindow.open({ class: name, title, procedure: () => undefined });
  const rows: [query: { class: string } | { title: string }, found: boolean][] = [
    [{ class: name }, true],
    [{ class: `strasse µ Ÿ ${id.toUpperCase()}` }, true],
    // In JavaScript the upper case of ß is SS, and the upper case of µ is the Greek letter.
    [{ class: `straße µ ÿ ${id}` }, false],
    [{ class: `STRASSE Μ ÿ ${id}` }, false],
    [{ title }, true],
    [{ title: `gROßE strasse Ÿ ${id.toUpperCase()}` }, true],
    [{ title: `Grosse STRASSE ÿ ${id}` }, false],
    [{ title: `Große straße ÿ ${id}` }, false],
    [{ title: title.slice(0, -1) }, false],
  ];
  for (const [query, found] of rows) {
    const wide = (text: string | undefined) => text === undefined ? null : encodeWide(text);
    const { class: className, title } = { class: undefined, title: undefined, ...query };
    const handle = user32().FindWindowExW(HWND_MESSAGE, 0n, wide(className), wide(title));
    assertEquals(handle === window.handle, found, `FindWindowExW ${JSON.stringify(query)}`);
    const handles = listWindows(query).map(({ handle }) => handle);
    assertEquals(handles, found ? [window.handle] : [], JSON.stringify(query));
  }
});

Deno.test("findWindow() finds a class name of 255 characters and a title of 32,766 characters", async () => {
  const name = randomName().padEnd(255, "n");
  const title = "t".repeat(32_766);
  using window = MessageWindow.open({ class: name, title, procedure: () => undefined });
  for (const query of [{ class: name }, { class: /n{200}$/, title: /^t{30000,}$/ }, { title }]) {
    const found = await findWindow({ ...query, pid: Deno.pid });
    assertEquals([found.handle, found.class, found.title], [window.handle, name, title]);
  }
});

Deno.test("MessageWindow.open() throws RangeError for a class name that does not have 1 to 255 characters", () => {
  const procedure = () => undefined;
  for (const name of ["", "n".repeat(256)]) {
    assertThrows(() => MessageWindow.open({ class: name, procedure }), RangeError, "1 to 255");
  }
});

Deno.test("listWindows() does not return a closed window", () => {
  const name = randomName();
  const window = MessageWindow.open({ class: name, procedure: () => undefined });
  assertEquals(listWindows({ class: name }).map(({ handle }) => handle), [window.handle]);
  window.close();
  assertEquals(listWindows({ class: name }), []);
});
