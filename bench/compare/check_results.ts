/**
 * Checks the fields of results.
 *
 * @module
 */

import type { Results } from "./results.ts";
import { BY, WAYS } from "./ways.ts";

/** Throws an error that names the place of a value, if the value is not as expected. */
type Check = (value: unknown, at: string) => void;

const checkText = check("a text", (value) => typeof value === "string");
const checkFlag = check("true or false", (value) => typeof value === "boolean");
const checkNumber = check("a number", (value) => typeof value === "number");
const checkAmount = check("a number from 0", (value) => typeof value === "number" && value >= 0);
const checkBy = check("a library or a runtime", (value) => isKeyOf(BY, value));
const checkWay = check("a way", (value) => isKeyOf(WAYS, value));

const checkRate = fields({ frames: checkAmount, nanoseconds: checkAmount });
const checkSize = fields({
  length: checkAmount,
  trips: listOf(listOf(checkNumber)),
  stream: checkRate,
  paced: optional(fields({
    frames: checkAmount,
    nanoseconds: checkAmount,
    nearProcessor: checkAmount,
    farProcessor: checkAmount,
  })),
});
const checkFields = fields({
  format: check("format 1", (value) => value === 1),
  environment: fields({
    date: checkText,
    commit: checkText,
    processor: checkText,
    processors: checkAmount,
    memory: checkAmount,
    system: checkText,
    isWine: checkFlag,
    versions: valuesOf(checkText),
  }),
  seed: checkAmount,
  launches: checkAmount,
  runs: listOf(fields({
    by: checkBy,
    way: checkWay,
    launch: checkAmount,
    setUp: checkAmount,
    sizes: listOf(checkSize),
  })),
  missing: listOf(fields({ by: checkBy, way: checkWay, why: checkText })),
  growth: listOf(fields({
    of: checkText,
    name: checkText,
    unit: checkText,
    points: listOf(fields({ x: checkNumber, y: listOf(checkNumber) })),
  })),
});

/**
 * Checks that a value has all fields of results.
 *
 * @throws {TypeError} If it does not. The error names the first wrong field.
 */
export function checkResults(value: unknown): asserts value is Results {
  checkFields(value, "");
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
  const checkList = check("a list", Array.isArray);
  return (value, at) => {
    checkList(value, at);
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
