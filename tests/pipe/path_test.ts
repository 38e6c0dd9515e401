import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { connectPipe, listenPipe, openMailslot } from "../../src/pipe/mod.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

Deno.test("connectPipe() and openMailslot() reach no file by a name with dots in it", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "unchanged");
  try {
    const path = file.replaceAll("/", "\\");
    for (const name of [`..\\${path}`, `..\\..\\${path}`, `\\\\.\\mailslot\\..\\${path}`]) {
      assertThrows(() => openMailslot(name).send(new Uint8Array(9)), Deno.errors.NotFound);
    }
    assertEquals(await Deno.readTextFile(file), "unchanged");
    for (
      const name of [`..\\${path}`, `..\\..\\${path}`, `../${path}`, `\\\\.\\pipe\\..\\${path}`]
    ) {
      await assertRejects(
        () => connectPipe(name, { server: "anyone" }),
        Deno.errors.NotFound,
        "pipe",
      );
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("listenPipe() and connectPipe() take a name, a name with backslashes, and a path", async () => {
  const name = randomName();
  for (
    const [listened, connected] of [
      [name, name.toUpperCase()],
      [`${name}\\a\\b`, `\\\\.\\PIPE\\${name}\\A\\b`],
      [`\\\\.\\pipe\\${name}`, name],
      ["..", ".."],
    ]
  ) {
    using listener = listenPipe({ name: listened! });
    await using client = await connectPipe(connected!);
    await using connection = await listener.accept(soon);
    assertEquals([client.peer.pid, connection.peer.pid], [Deno.pid, Deno.pid]);
    assertEquals(client.path.toLowerCase(), listener.path.toLowerCase());
  }
});

Deno.test("listenPipe() and connectPipe() refuse a name that is no name of a pipe", async () => {
  for (const name of ["", "\\x", "/x", "\\\\.\\mailslot\\x", "\\\\.\\pipe\\", "a\0b"]) {
    assertThrows(() => listenPipe({ name }), TypeError, "Expected");
    await assertRejects(() => connectPipe(name), TypeError, "Expected");
  }
  assertThrows(() => listenPipe({ name: "\\\\server\\pipe\\x" }), TypeError, "this machine");
  const longest = "x".repeat(256 - "\\\\.\\pipe\\".length);
  using _listener = listenPipe({ name: longest });
  assertThrows(() => listenPipe({ name: `${longest}x` }), RangeError, "256");
  await assertRejects(() => connectPipe(`${longest}x`), RangeError, "256");
});
