/**
 * Checks the fields of results.
 *
 * @module
 */

import type { Results } from "./results.ts";
import { BY, WAYS } from "./ways.ts";

/** Throws an error that names the place of a value, if the value is not as expected. */
type Check = (value: unknown, at: string) => void;

const isText = check("a text", (value) => typeof value === "string");
const isFlag = check("true or false", (value) => typeof value === "boolean");
const isNumber = check("a number", (value) => typeof value === "number");
const isAmount = check("a number from 0", (value) => typeof value === "number" && value >= 0);
const isBy = check("a library or a runtime", (value) => isKeyOf(BY, value));
const isWay = check("a way", (value) => isKeyOf(WAYS, value));

const isRate = fields({ frames: isAmount, nanoseconds: isAmount });
const isSize = fields({
  length: isAmount,
  trips: listOf(listOf(isNumber)),
  stream: isRate,
  paced: optional(fields({
    frames: isAmount,
    nanoseconds: isAmount,
    nearProcessor: isAmount,
    farProcessor: isAmount,
  })),
});
const isResults = fields({
  format: check("format 1", (value) => value === 1),
  environment: fields({
    date: isText,
    commit: isText,
    processor: isText,
    processors: isAmount,
    memory: isAmount,
    system: isText,
    isWine: isFlag,
    versions: valuesOf(isText),
  }),
  seed: isAmount,
  launches: isAmount,
  runs: listOf(fields({
    by: isBy,
    way: isWay,
    launch: isAmount,
    setUp: isAmount,
    sizes: listOf(isSize),
  })),
  missing: listOf(fields({ by: isBy, way: isWay, why: isText })),
  growth: listOf(fields({
    of: isText,
    name: isText,
    unit: isText,
    points: listOf(fields({ x: isNumber, y: listOf(isNumber) })),
  })),
});

/**
 * Checks that a value has all fields of results.
 *
 * @throws {TypeError} If it does not. The error names the first wrong field.
 */
export function checkResults(value: unknown): asserts value is Results {
  isResults(value, "");
}

function check(expected: string, test: (value: unknown) => boolean): Check {
  return (value, at) => {
    if (test(value)) return;
    const place = at === "" ? "" : ` at ${at.replace(/^\./, "")}`;
    throw new TypeError(`Expected ${expected}${place}, got ${JSON.stringify(value)?.slice(0, 50)}`);
  };
}

function fields(checks: Readonly<Record<string, Check>>): Check {
  return (value, at) => {
    const object = entriesOf(value, at);
    for (const [name, checkField] of Object.entries(checks)) {
      checkField(object.get(name), `${at}.${name}`);
    }
  };
}

function valuesOf(checkField: Check): Check {
  return (value, at) => {
    for (const [name, field] of entriesOf(value, at)) checkField(field, `${at}.${name}`);
  };
}

function entriesOf(value: unknown, at: string): ReadonlyMap<string, unknown> {
  check("an object", isObject)(value, at);
  return new Map(Object.entries(value ?? {}));
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(checkItem: Check): Check {
  const isList = check("a list", Array.isArray);
  return (value, at) => {
    isList(value, at);
    if (Array.isArray(value)) value.forEach((item, index) => checkItem(item, `${at}[${index}]`));
  };
}

function optional(checkField: Check): Check {
  return (value, at) => {
    if (value !== undefined) checkField(value, at);
  };
}

function isKeyOf(object: object, value: unknown): boolean {
  return typeof value === "string" && Object.hasOwn(object, value);
}
