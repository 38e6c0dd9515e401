/**
 * A small validator for the words of JSON Schema that schema.schema.json uses.
 *
 * @module
 */

type Words = ReadonlyMap<string, unknown>;

/** Returns whether a value obeys a JSON Schema, with the references within it. */
export function obeys(value: unknown, schema: unknown, root: unknown = schema): boolean {
  return [...wordsOf(schema)].every(([word, expected]) =>
    ruleOf(word)(value, expected, root, wordsOf(schema))
  );
}

type Rule = (value: unknown, expected: unknown, root: unknown, words: Words) => boolean;

function ruleOf(word: string): Rule {
  const rule = RULES[word];
  if (rule === undefined) throw new Error(`The walker does not know ${word}`);
  return rule;
}

const always: Rule = () => true;

const RULES: Readonly<Record<string, Rule>> = {
  $schema: always,
  $defs: always,
  title: always,
  description: always,
  $ref: (value, expected, root) => obeys(value, resolve(String(expected), root), root),
  type: (value, expected) => typesOf(value).includes(String(expected)),
  enum: (value, expected) => listOf(expected).includes(value),
  anyOf: (value, expected, root) => listOf(expected).some((one) => obeys(value, one, root)),
  minimum: (value, expected) => Number(value) >= Number(expected),
  maximum: (value, expected) => Number(value) <= Number(expected),
  minLength: (value, expected) => String(value).length >= Number(expected),
  minProperties: (value, expected) => wordsOf(value).size >= Number(expected),
  required: (value, expected) => listOf(expected).every((key) => wordsOf(value).has(String(key))),
  propertyNames: (value, expected) =>
    [...wordsOf(value).keys()].every((key) =>
      new RegExp(String(wordsOf(expected).get("pattern"))).test(key)
    ),
  properties: (value, expected, root) =>
    [...wordsOf(expected)].every(([key, schema]) =>
      !wordsOf(value).has(key) || obeys(wordsOf(value).get(key), schema, root)
    ),
  additionalProperties: (value, expected, root, words) => {
    const known = wordsOf(words.get("properties") ?? {});
    const others = [...wordsOf(value)].filter(([key]) => !known.has(key));
    return others.every(([, other]) => expected !== false && obeys(other, expected, root));
  },
};

function resolve(reference: string, root: unknown): unknown {
  const [, ...keys] = reference.split("/");
  return keys.reduce((found, key) => wordsOf(found).get(key), root);
}

function wordsOf(value: unknown): Words {
  return new Map(isObject(value) ? Object.entries(value) : []);
}

/** Returns the names of a value's types, as far as the schema uses them. */
function typesOf(value: unknown): string[] {
  if (Number.isInteger(value)) return ["integer"];
  return [isObject(value) || typeof value !== "object" ? typeof value : "other"];
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
