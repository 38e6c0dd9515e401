import type { PeImage, Struct } from "./image.ts";

/** A rule of the PE specification, and how to break it. */
export interface PeRule {
  readonly name: string;
  /** Whether an image that breaks this rule cannot be read any further. */
  readonly essential?: true;
  /** Whether the rule applies to this image. Without this function, it applies to every image. */
  applies?(image: PeImage): boolean;
  /** Returns the fault, or `undefined` if the image follows the rule. */
  check(image: PeImage): string | undefined;
  /** Functions that each make a valid image break this rule in a different way. */
  readonly breaks: readonly ((image: PeImage) => void)[];
}

/** Returns a rule that a field has a certain value. */
export function fieldRule<Name extends string>(
  name: string,
  structOf: (image: PeImage) => Struct<Name>,
  field: Name,
  value: number,
): PeRule {
  return {
    name,
    check: (image) => differs(structOf(image).get(field), value),
    breaks: [(image) => structOf(image).set(field, value + 1)],
  };
}

/**
 * Returns a rule that a date/time stamp is 0 or 0xffffffff. "General Concepts" says that these mean
 * no time.
 */
export function stampRule<Name extends string>(
  name: string,
  structOf: (image: PeImage) => Struct<Name>,
  field: Name,
): PeRule {
  return {
    name,
    check(image) {
      const stamp = structOf(image).get(field);
      return stamp === 0 || stamp === 0xffffffff ? undefined : hex(stamp);
    },
    breaks: [(image) => structOf(image).set(field, 0x5e0be100)],
  };
}

/** Returns a rule that all bits of `set` are set in a field, and all bits of `clear` are not. */
export function bitsRule<Name extends string>(
  name: string,
  structOf: (image: PeImage) => Struct<Name>,
  field: Name,
  { set = 0, clear = 0 }: { set?: number; clear?: number },
): PeRule {
  return {
    name,
    check(image) {
      const value = structOf(image).get(field);
      const wrong = ((~value & set) | (value & clear)) >>> 0;
      return wrong === 0 ? undefined : `${hex(value)}, wrong in ${hex(wrong)}`;
    },
    breaks: bitsOf((set | clear) >>> 0).map((bit) => (image: PeImage) => {
      const struct = structOf(image);
      struct.set(field, (struct.get(field) ^ bit) >>> 0);
    }),
  };
}

/** Returns the single bits of a mask. */
export function bitsOf(mask: number): number[] {
  return Array.from({ length: 32 }, (_, index) => (1 << index) >>> 0)
    .filter((bit) => (mask & bit) !== 0);
}

export function differs(actual: number, expected: number): string | undefined {
  return actual === expected ? undefined : `${hex(actual)} instead of ${hex(expected)}`;
}

/** Returns the first fault that `check` finds, with the item's index. */
export function firstOf<T>(
  items: Iterable<T>,
  check: (item: T, index: number) => string | undefined,
): string | undefined {
  let index = 0;
  for (const item of items) {
    const text = check(item, index);
    if (text !== undefined) return `number ${index}: ${text}`;
    index++;
  }
  return undefined;
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
