import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { client, RemoteError, serve, type ServeOptions } from "../../src/rpc/mod.ts";
import { pairLinks } from "./support/pair_link.ts";

/** Returns the error that a caller gets when a handler throws something. */
async function crossed(thrown: unknown, options: ServeOptions<object> = {}): Promise<unknown> {
  const [near, far] = pairLinks();
  const handlers = {
    fail(): void {
      throw thrown;
    },
  };
  await using _service = serve<object>(far, handlers, options);
  await using caller = client<typeof handlers>(near);
  return await caller.call("fail").then(() => "no error", (error) => error);
}

Deno.test("An error of a standard class arrives as one of the same class", async () => {
  const classes = [
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
  ];
  for (const Thrown of classes) {
    const error = await crossed(new Thrown("the message"));
    assertInstanceOf(error, Thrown);
    assertStrictEquals(Object.getPrototypeOf(error), Thrown.prototype);
    assertEquals([error.name, error.message], [Thrown.name, "the message"]);
    assert(!("code" in error) && !("cause" in error));
  }
});

Deno.test("An error of each class of Deno.errors arrives as one of the same class", async () => {
  const classes = Object.entries(Deno.errors);
  assert(classes.length > 20);
  for (const [name, Thrown] of classes) {
    const error = await crossed(new Thrown("the message"));
    assertInstanceOf(error, Thrown, name);
    assertEquals([error.name, error.message], [new Thrown("").name, "the message"]);
  }
});

Deno.test("A usual DOMException arrives with its name", async () => {
  for (const name of ["AbortError", "TimeoutError", "DataCloneError", "QuotaExceededError"]) {
    const error = await crossed(new DOMException("the message", name));
    assertInstanceOf(error, DOMException);
    assertEquals([error.name, error.message], [name, "the message"]);
    assertEquals(error.code, new DOMException("", name).code);
  }
});

Deno.test("Any other error arrives as a RemoteError with its name, message, code and cause", async () => {
  class OutOfPaper extends Error {
    override name = "OutOfPaper";
    code = 17;
  }
  const error = await crossed(new OutOfPaper("empty", { cause: { tray: 2 } }));
  assertInstanceOf(error, RemoteError);
  assertEquals([error.name, error.message, error.code], ["OutOfPaper", "empty", 17]);
  assertEquals(error.cause, { tray: 2 });

  for (const name of ["__proto__", "constructor", "toString", "Object", "Promise", "", "Map"]) {
    const thrown = new Error("odd");
    thrown.name = name;
    const odd = await crossed(thrown);
    assertInstanceOf(odd, RemoteError, name);
    assertEquals(odd.name, name);
  }
});

Deno.test("The code of an error crosses if it is a text or a number", async () => {
  for (const code of ["ENOENT", 2, undefined, null, {}, 5n]) {
    const error = await crossed(Object.assign(new Deno.errors.NotFound("no file"), { code }));
    assertInstanceOf(error, Deno.errors.NotFound);
    const expected = typeof code === "string" || typeof code === "number" ? code : undefined;
    assertEquals(Reflect.get(error, "code"), expected);
  }
});

Deno.test("Causes cross to a depth of 8 errors, and a cycle of causes ends", async () => {
  let chain: Error = new Error("20");
  for (let depth = 19; depth >= 1; depth--) chain = new Error(`${depth}`, { cause: chain });
  const messages: string[] = [];
  for (let error = await crossed(chain); error instanceof Error; error = error.cause) {
    messages.push(error.message);
  }
  assertEquals(messages, ["1", "2", "3", "4", "5", "6", "7", "8"]);

  const first = new TypeError("first");
  first.cause = new RangeError("second", { cause: first });
  const error = await crossed(first);
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, RangeError);
  assertEquals(error.cause.cause, undefined);
});

Deno.test("A thrown value that is no error arrives as the cause of a RemoteError", async () => {
  for (const thrown of ["text", 7, null, { a: 1 }, undefined]) {
    const error = await crossed(thrown);
    assertInstanceOf(error, RemoteError);
    assertEquals(error.cause, thrown);
  }
});

Deno.test("A thrown Proxy that cannot be read is a RemoteError, and the link goes on", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const trapped = new Proxy(new Error("hidden"), {
    getPrototypeOf() {
      throw new Error("hostile trap");
    },
  });
  for (const thrown of [proxy, trapped]) {
    const error = await crossed(thrown);
    assertInstanceOf(error, RemoteError);
    assertEquals(error.message, "The peer threw a Proxy that cannot be read");
  }
});

Deno.test("An error whose properties throw or have odd types still arrives", async () => {
  const odd = new Error("odd");
  for (const key of ["name", "message", "code", "cause", "stack"]) {
    Object.defineProperty(odd, key, {
      get() {
        throw new Error("hostile getter");
      },
    });
  }
  const error = await crossed(odd, { stacks: true });
  assertInstanceOf(error, Error);
  assertEquals([error.name, error.message], ["Error", ""]);
  const numbers = Object.assign(new Error(), { name: 1, message: 2, stack: 3 });
  assertInstanceOf(await crossed(numbers, { stacks: true }), Error);
});

Deno.test("The stack of an error crosses only with the option stacks", async () => {
  function whereItFailed(): Error {
    return new RangeError("deep", { cause: new Error("deeper") });
  }
  for (const stacks of [undefined, false, true]) {
    const error = await crossed(whereItFailed(), stacks === undefined ? {} : { stacks });
    assertInstanceOf(error, RangeError);
    assertInstanceOf(error.cause, Error);
    for (const { stack } of [error, error.cause]) {
      assertEquals(stack?.includes("whereItFailed"), stacks === true);
    }
  }
});
