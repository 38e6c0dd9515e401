import type { PeImage, Struct } from "./image.ts";

/** A rule of the PE specification, and how to break it. */
export interface PeRule {
  readonly name: string;
  /** Whether nothing more can be read of an image that breaks this rule. */
  readonly essential?: true;
  /** Whether the rule speaks of this image; without it, the rule speaks of every one. */
  applies?(image: PeImage): boolean;
  /** What is wrong. */
  check(image: PeImage): string | undefined;
  /** Each makes a right image break this rule, in another way. */
  readonly breaks: readonly ((image: PeImage) => void)[];
}

/** A rule that a field has this value. */
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

/** A rule that a date/time stamp is 0 or 0xffffffff, which "General Concepts" has mean no time. */
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

/** A rule that each of these bits of a field is set, or that each is clear. */
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

/** The single bits of a mask. */
export function bitsOf(mask: number): number[] {
  return Array.from({ length: 32 }, (_, index) => (1 << index) >>> 0)
    .filter((bit) => (mask & bit) !== 0);
}

export function differs(actual: number, expected: number): string | undefined {
  return actual === expected ? undefined : `${hex(actual)} instead of ${hex(expected)}`;
}

/** What the first of these finds wrong. */
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
