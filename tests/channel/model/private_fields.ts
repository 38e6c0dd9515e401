/**
 * Reads private fields of objects by V8's inspector, so that the library need not expose them.
 *
 * @module
 */

import { Session } from "node:inspector";

/** A private field: its name, and its value. */
export type PrivateField = readonly [name: string, value: unknown];

/** A value as the inspector describes it: an id for an object, and the value of everything else. */
interface Described {
  readonly type: string;
  readonly value?: unknown;
  readonly unserializableValue?: string;
  readonly objectId?: string;
}

interface Property {
  readonly name: string;
  readonly value?: Described;
}

/** The parts of answers that are used. */
interface Answer {
  readonly result: Described & readonly Property[];
  readonly privateProperties?: readonly Property[];
}

/**
 * The objects to read, and the objects found in their fields. The inspector reaches this by a
 * global.
 */
const desk: { objects: readonly object[]; found: readonly unknown[] } = { objects: [], found: [] };
const DESK = "winipcModel";
/** The group of objects that the inspector keeps alive until the group is released. */
const objectGroup = DESK;

let session: Session | undefined;

/**
 * Reads the private fields of objects.
 *
 * No other code may run until the promise is fulfilled, because the objects are not all read at the
 * same time.
 *
 * @returns The fields of each object, in the order of `objects`.
 */
export async function privateFieldsOf(objects: readonly object[]): Promise<PrivateField[][]> {
  desk.objects = objects;
  const { result: list } = await ask("Runtime.evaluate", {
    expression: `${DESK}.objects`,
    objectGroup,
  });
  const { result: elements } = await propertiesOf(list);
  const answers = await Promise.all(
    elements.filter(({ name }) => name !== "length").map(({ value }) => propertiesOf(value!)),
  );
  const described = answers.map(({ privateProperties = [] }) =>
    // An accessor has no value.
    privateProperties.filter(({ value }) => value !== undefined)
  );
  const found = await objectsOf(list, described.flat().map(({ value }) => value!));
  await ask("Runtime.releaseObjectGroup", { objectGroup });
  return described.map((fields) =>
    fields.map(({ name, value }) => [name, found.get(value!) ?? valueOf(value!)])
  );
}

function valueOf({ type, value, unserializableValue: text }: Described): unknown {
  if (text === undefined) return value;
  // A number in this form is NaN, infinite or -0.
  return type === "bigint" ? BigInt(text.slice(0, -1)) : Number(text);
}

function propertiesOf({ objectId }: Described): Promise<Answer> {
  return ask("Runtime.getProperties", { objectId, ownProperties: true });
}

/** Returns the objects of descriptions. */
async function objectsOf(
  { objectId }: Described,
  all: readonly Described[],
): Promise<Map<Described, unknown>> {
  const objects = all.filter(({ objectId }) => objectId !== undefined);
  if (objects.length === 0) return new Map();
  await ask("Runtime.callFunctionOn", {
    functionDeclaration: `function (...found) { ${DESK}.found = found; }`,
    objectId,
    arguments: objects.map(({ objectId }) => ({ objectId })),
  });
  return new Map(objects.map((object, index) => [object, desk.found[index]]));
}

function ask(method: string, params: object): Promise<Answer> {
  if (session === undefined) {
    session = new Session();
    session.connect();
    Reflect.set(globalThis, DESK, desk);
  }
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  session.post(method, params, (error: Error | null, answer?: object) => {
    if (error) reject(error);
    else resolve(answer as Answer);
  });
  return promise;
}
