import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  client,
  serve,
  type StandardResult,
  type StandardSchema,
  ValidationError,
} from "../../src/rpc/mod.ts";
import { pairLinks } from "./support/pair_link.ts";

/** Makes a schema as a library does. */
function schema<Output>(
  validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>,
): StandardSchema<Output> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

const Point = schema((value): StandardResult<{ x: number }> =>
  value instanceof Object && "x" in value && typeof value.x === "number"
    ? { value: { x: value.x } }
    : { issues: [{ message: "Expected a number", path: ["points", { key: 0 }, "x"] }] }
);

interface Calls {
  double(args: unknown): number;
  later(args: unknown): number;
  items(args: unknown): AsyncIterable<number>;
}

const handlers = {
  double: ({ x }: { x: number }) => 2 * x,
  later: ({ x }: { x: number }) => x,
  async *items({ x }: { x: number }) {
    yield await Promise.resolve(x);
  },
};

Deno.test("validate gives a handler what its schema returns, at once or later", async () => {
  const [near, far] = pairLinks();
  const later = schema(async (value) => await Promise.resolve(Point["~standard"].validate(value)));
  await using _service = serve(far, handlers, { validate: { double: Point, later, items: Point } });
  await using caller = client<Calls>(near);
  assertEquals(await caller.call("double", { x: 4, y: 5 }), 8);
  assertEquals(await caller.call("later", { x: 4 }), 4);
  assertEquals(await Array.fromAsync(caller.stream("items", { x: 4 })), [4]);

  for (
    const call of [
      () => caller.call("double", { x: "4" }),
      () => caller.call("later", null),
      () => caller.stream("items", undefined).next(),
    ]
  ) {
    const error = await assertRejects(call, ValidationError, "are invalid: Expected a number (at ");
    assertInstanceOf(error, TypeError);
    assertEquals(error.issues, [{ message: "Expected a number", path: ["points", 0, "x"] }]);
    assertEquals(error.name, "ValidationError");
  }
});

Deno.test("validate takes schemas that are functions, fail, or find very many issues", async () => {
  const [near, far] = pairLinks();
  const many = Array.from({ length: 1000 }, (_, index) => ({
    message: `issue ${index}`,
    path: [Symbol("symbol"), index],
  }));
  await using _service = serve(far, handlers, {
    validate: {
      double: Object.assign(() => {}, schema<{ x: number }>(() => ({ issues: many }))),
      later: schema<{ x: number }>(() => {
        throw new RangeError("The schema failed");
      }),
      items: schema<{ x: number }>(() => Promise.reject(new SyntaxError("Later"))),
    },
  });
  await using caller = client<Calls>(near);
  const error = await assertRejects(() => caller.call("double", 1), ValidationError, "99 more");
  assertEquals(error.issues.length, 100);
  assertEquals(error.issues[1], { message: "issue 1", path: ["Symbol(symbol)", 1] });
  await assertRejects(() => caller.call("later", 1), RangeError, "The schema failed");
  await assertRejects(() => caller.stream("items", 1).next(), SyntaxError, "Later");
});

Deno.test("A handler does not run if its schema returns no result of Standard Schema", async () => {
  const odd: unknown[] = [undefined, null, 5, {}, { issues: null }, { issues: 1 }, { issues: [1] }];
  // @ts-expect-error -- the types allow no such results
  const double: StandardSchema<{ x: number }> = schema(() => odd.shift());
  const [near, far] = pairLinks();
  let count = 0;
  const counting = { double: () => ++count };
  await using _service = serve(far, counting, { validate: { double } });
  await using caller = client<typeof counting>(near);
  while (odd.length > 0) {
    await assertRejects(() => caller.call("double"), TypeError, 'The schema of "double" returned');
  }
  odd.push(Object.assign(Object.create(null), { value: { x: 1 } }));
  assertEquals([await caller.call("double"), count], [1, 1]);
});

Deno.test("validate refuses what is no schema, and schemas of no handler", () => {
  const odd: unknown[] = [null, 1, "schema", {}, { "~standard": 1 }, { "~standard": {} }];
  for (const double of odd) {
    const options = { validate: { double } };
    assertThrows(
      () => Reflect.apply(serve, undefined, [pairLinks()[1], handlers, options]),
      TypeError,
      "validate.double",
    );
  }
  const options = { validate: { toString: Point } };
  assertThrows(
    () => Reflect.apply(serve, undefined, [pairLinks()[1], handlers, options]),
    TypeError,
    'There is no handler "toString"',
  );
  // @ts-expect-error -- the schema makes something else than the handler takes
  serve(pairLinks()[1], handlers, { validate: { double: schema(() => ({ value: "text" })) } });
});

Deno.test("An error of the name ValidationError without valid issues is a RemoteError", async () => {
  for (const cause of [undefined, 1, [1], [{ message: 1, path: [] }], [{ message: "", path: 1 }]]) {
    const [near, far] = pairLinks();
    const fails = {
      fail(): void {
        const error = new Error("odd", { cause });
        error.name = "ValidationError";
        throw error;
      },
    };
    await using _service = serve(far, fails);
    await using caller = client<typeof fails>(near);
    const error: unknown = await caller.call("fail").catch((error) => error);
    assertInstanceOf(error, Error);
    assertEquals([error.constructor.name, error.name], ["RemoteError", "ValidationError"]);
  }
});
