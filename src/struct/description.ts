/**
 * The description of a layout: its canonical text, which a memory can hold beside the values. So
 * two processes can compare their layouts, and an error names the first field that differs.
 *
 * The text has only the characters of names and numbers and the marks `@:,+[]{}`:
 *
 * ```text
 * struct{price@0:f64,size@8:u32,flags@12:u32:0+3}16
 * ```
 *
 * A text from a memory is copied once, and parsed before any part of it is used.
 *
 * @module
 */

/** Maximum length of a description in bytes, so that a check of it takes a few milliseconds. */
export const MAX_DESCRIPTION_LENGTH = 65_536;
/** Maximum number of structs and unions within each other, so that recursion is bounded. */
const MAX_DEPTH = 100;
/** Maximum length of a name in an error message, in characters. */
const MAX_SHOWN = 64;

/** The parts of a layout that its description needs. */
export interface DescribedLayout {
  /** The canonical text. */
  readonly signature: string;
  /** The hash of the text. */
  readonly layoutHash: bigint;
}

/** A parsed description of a type. */
export interface Description {
  /** `struct`, `union` or `tagged`, or the text of a type without parts: `f32`, `u32:0+3`. */
  readonly kind: string;
  /** The fields of a struct or a union, or the cases of a tagged union. */
  readonly parts: readonly DescribedPart[];
  /** The size of a struct or a union in bytes; 0 for other types. */
  readonly byteLength: number;
  /** The lengths of an array, from the innermost: `[3,2]` for `f32[3][2]`. */
  readonly lengths: readonly number[];
}

interface DescribedPart {
  readonly name: string;
  readonly offset: number;
  readonly type: Description;
}

/** Returns the 64-bit FNV-1a hash of a text. */
export function fnv1a(text: string): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n);
  }
  return hash;
}

/**
 * Throws unless a layout can be described in a memory.
 *
 * @param what The layout's name in the message: `"message"`.
 * @throws {RangeError} If the description is too long, or its structs are nested too deep.
 */
export function assertDescribable(what: string, { signature }: DescribedLayout): void {
  if (signature.length > MAX_DESCRIPTION_LENGTH) {
    throw new RangeError(
      `Expected ${what} to be a layout whose description has at most ${MAX_DESCRIPTION_LENGTH} ` +
        `bytes, got ${signature.length}: use fewer fields or shorter names`,
    );
  }
  if (parseDescription(signature) !== undefined) return;
  throw new RangeError(
    `Expected ${what} to be a layout of at most ${MAX_DEPTH} structs and unions within each other`,
  );
}

/** The advice to a script that opens a memory with a layout without naming the layout. */
export const LAYOUT_REMEDY = "give the same layout in the option message";

/** The offsets of a description in a memory, in bytes. */
export interface DescriptionPlace {
  /** The offset of the hash, a `u64`. */
  readonly hash: number;
  /** The offset of the length of the text in bytes, a `u32`; 0 if there is no description. */
  readonly length: number;
  /** The offset of the text. */
  readonly text: number;
}

/**
 * Returns the number of bytes that the text of a layout takes in a memory: a multiple of 8, so that
 * the memory has whole words.
 */
export function descriptionLengthOf(layout: DescribedLayout | undefined): number {
  return Math.ceil((layout?.signature.length ?? 0) / 8) * 8;
}

/**
 * Writes the description of a layout into new memory, which is all zero.
 *
 * @param layout The layout, which {@linkcode assertDescribable} has accepted; `undefined` for none.
 */
export function writeDescription(
  buffer: ArrayBuffer,
  place: DescriptionPlace,
  layout: DescribedLayout | undefined,
): void {
  if (layout === undefined) return;
  const text = new TextEncoder().encode(layout.signature);
  const data = new DataView(buffer);
  data.setBigUint64(place.hash, layout.layoutHash, true);
  data.setUint32(place.length, text.length, true);
  new Uint8Array(buffer, place.text, text.length).set(text);
}

/** Options of {@linkcode checkDescription}. */
export interface DescriptionCheck {
  /** The name of the memory's object in messages: `channel "Local\\trades"`. */
  readonly label: string;
  /** The plural of the things that the layout describes. */
  readonly of: "messages" | "values";
  /** The layout of this process; `undefined` if the script gave none. */
  readonly layout: DescribedLayout | undefined;
}

/**
 * Throws unless a memory holds the description of a layout, or no description if there is no
 * layout.
 *
 * @throws {Deno.errors.InvalidData} If the memory holds another description, which the message
 *   compares with the layout; or if the description is corrupt.
 */
export function checkDescription(
  buffer: ArrayBuffer,
  place: DescriptionPlace,
  { label, of, layout }: DescriptionCheck,
): void {
  const refuse = (why: string) => new Deno.errors.InvalidData(`Cannot open ${label}: ${why}`);
  const memory = {
    byteLength: buffer.byteLength,
    copy: (offset: number, length: number) => buffer.slice(offset, offset + length),
  };
  const found = readDescription(memory, place, label);
  if (found === undefined) {
    if (layout === undefined) return;
    const advice = of === "messages" ? "; open it without the option message" : "";
    throw refuse(`its ${of} have no layout${advice}`);
  }
  if (found.signature === layout?.signature && found.layoutHash === layout.layoutHash) return;
  const theirs = parseDescription(found.signature);
  if (theirs === undefined || fnv1a(found.signature) !== found.layoutHash) {
    throw contradiction(label);
  }
  if (layout === undefined) {
    throw refuse(
      `its ${of} have a layout, ${labelOf(theirs)}; ${LAYOUT_REMEDY}`,
    );
  }
  const ours = parseDescription(layout.signature);
  const difference = ours && firstDifference(ours, theirs);
  throw refuse(`its ${of} have another layout: ${difference ?? "the hash differs"}`);
}

/** A memory whose parts can be copied. */
export interface CopiedMemory {
  /** The size of the memory in bytes. */
  readonly byteLength: number;
  /** Copies a part of the memory. */
  copy(offset: number, length: number): ArrayBuffer;
}

/**
 * Copies the description of a layout out of a memory, and checks it.
 *
 * @param label The name of the memory's object in messages: `channel "Local\trades"`.
 * @returns The canonical text; `undefined` if there is no description.
 * @throws {Deno.errors.InvalidData} If the description is corrupt.
 */
export function copyDescription(
  memory: CopiedMemory,
  place: DescriptionPlace,
  label: string,
): string | undefined {
  const found = readDescription(memory, place, label);
  if (found === undefined) return undefined;
  const { signature, layoutHash } = found;
  if (parseDescription(signature) !== undefined && fnv1a(signature) === layoutHash) {
    return signature;
  }
  throw contradiction(label);
}

/** Copies a description out of a memory; returns `undefined` if there is none. */
function readDescription(
  memory: CopiedMemory,
  place: DescriptionPlace,
  label: string,
): DescribedLayout | undefined {
  const layoutHash = new DataView(memory.copy(place.hash, 8)).getBigUint64(0, true);
  const length = new DataView(memory.copy(place.length, 4)).getUint32(0, true);
  if (length === 0 && layoutHash === 0n) return undefined;
  if (length === 0 || length > MAX_DESCRIPTION_LENGTH || place.text + length > memory.byteLength) {
    throw corrupt(label, `the description of its layout has ${length} bytes`);
  }
  const bytes = new Uint8Array(memory.copy(place.text, length));
  // Each byte becomes one character, so that invalid UTF-8 cannot look like another text.
  return { layoutHash, signature: new TextDecoder("latin1").decode(bytes) };
}

function contradiction(label: string): Deno.errors.InvalidData {
  return corrupt(label, "the description of its layout contradicts itself");
}

function corrupt(label: string, what: string): Deno.errors.InvalidData {
  return new Deno.errors.InvalidData(`The memory of the ${label} is corrupt: ${what}`);
}

/** Parses a canonical text. Returns `undefined` if the text is invalid, too long or too deep. */
export function parseDescription(text: string): Description | undefined {
  if (text.length > MAX_DESCRIPTION_LENGTH) return undefined;
  const parser = new Parser(text);
  const found = parser.type(0);
  return found !== undefined && parser.isAtEnd && isRecord(found) && found.lengths.length === 0
    ? found
    : undefined;
}

function isRecord({ parts }: Description): boolean {
  return parts.length > 0;
}

const KINDS = ["struct", "union", "tagged"];

/** Each method returns `undefined` if the text does not go on as expected. */
class Parser {
  readonly #text: string;
  #at = 0;
  /** Each looks at one place only, and its repetition cannot match in two ways. */
  readonly #name = /[A-Za-z_][A-Za-z0-9_]*/y;
  readonly #number = /(?:0|[1-9][0-9]{0,9})(?![0-9])/y;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  type(depth: number): Description | undefined {
    const name = this.#match(this.#name);
    if (name === undefined || depth > MAX_DEPTH) return undefined;
    const single = KINDS.includes(name) ? this.#record(name, depth) : this.#single(name);
    if (single === undefined) return undefined;
    const lengths: number[] = [];
    while (this.#skip("[")) {
      const length = this.#integer();
      if (length === undefined || !this.#skip("]")) return undefined;
      lengths.push(length);
    }
    return { ...single, lengths };
  }

  #record(kind: string, depth: number): Description | undefined {
    const parts: DescribedPart[] = [];
    if (!this.#skip("{")) return undefined;
    do {
      const name = this.#match(this.#name);
      if (name === undefined || !this.#skip("@")) return undefined;
      const offset = this.#integer();
      if (offset === undefined || !this.#skip(":")) return undefined;
      const type = this.type(depth + 1);
      if (type === undefined) return undefined;
      parts.push({ name, offset, type });
    } while (this.#skip(","));
    const byteLength = this.#skip("}") ? this.#integer() : undefined;
    return byteLength === undefined ? undefined : { kind, parts, byteLength, lengths: [] };
  }

  /** Parses the rest of a type without parts: nothing, or the bits of a bit field. */
  #single(name: string): Description | undefined {
    const none = { parts: [], byteLength: 0, lengths: [] };
    if (!this.#skip(":")) return { kind: name, ...none };
    const shift = this.#integer();
    const width = this.#skip("+") ? this.#integer() : undefined;
    if (shift === undefined || width === undefined) return undefined;
    return { kind: `${name}:${shift}+${width}`, ...none };
  }

  #integer(): number | undefined {
    const digits = this.#match(this.#number);
    return digits === undefined ? undefined : Number(digits);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #skip(mark: string): boolean {
    const isThere = this.#text[this.#at] === mark;
    if (isThere) this.#at++;
    return isThere;
  }
}

/**
 * Returns a clause that names the first field in which another layout differs from ours:
 * `its field "price" is an f32 at offset 8, and not an f64 at offset 8`.
 *
 * @returns `undefined` if the layouts are equal.
 */
export function firstDifference(ours: Description, theirs: Description): string | undefined {
  if (ours.kind !== theirs.kind) return `it is ${labelOf(theirs)}, and not ${labelOf(ours)}`;
  return differenceWithin(ours, theirs, "");
}

/** Compares the parts of two types of the same kind. */
function differenceWithin(
  ours: Description,
  theirs: Description,
  path: string,
): string | undefined {
  const noun = ours.kind === "tagged" ? "case" : "field";
  const within = path === "" ? "" : `${path}.`;
  for (let index = 0; index < Math.max(ours.parts.length, theirs.parts.length); index++) {
    const [our, their] = [ours.parts[index], theirs.parts[index]];
    if (their === undefined) return our && `it has no ${noun} ${partLabel(our, within)}`;
    if (our === undefined) return `it has one more ${noun}, ${partLabel(their, within)}`;
    if (our.name !== their.name) {
      return `its ${noun} ${index + 1}${path === "" ? "" : ` of ${show(path)}`} is ` +
        `${partLabel(their, within)}, and not ${partLabel(our, within)}`;
    }
    const where = within + our.name;
    if (our.offset !== their.offset || !isSameKind(our.type, their.type)) {
      return `its ${noun} ${show(where)} is ${placeLabel(their)}, and not ${placeLabel(our)}`;
    }
    const inner = where + "[0]".repeat(Math.min(our.type.lengths.length, MAX_SHOWN));
    const difference = differenceWithin(our.type, their.type, inner);
    if (difference !== undefined) return difference;
  }
  if (ours.byteLength === theirs.byteLength) return undefined;
  return `${
    path === "" ? "it" : show(path)
  } has ${theirs.byteLength} bytes, and not ${ours.byteLength}`;
}

function isSameKind(ours: Description, theirs: Description): boolean {
  return ours.kind === theirs.kind && ours.lengths.join() === theirs.lengths.join() &&
    isRecord(ours) === isRecord(theirs);
}

/** Describes a part for a message: `"price" (an f64 at offset 8)`. */
function partLabel(part: DescribedPart, within: string): string {
  return `${show(within + part.name)} (${placeLabel(part)})`;
}

function placeLabel({ offset, type }: DescribedPart): string {
  return `${labelOf(type)} at offset ${offset}`;
}

/** Describes a type for a message, with an article: `an f32[3]`, `a struct of 16 bytes`. */
function labelOf(type: Description): string {
  const { kind, byteLength } = type;
  const lengths = cut(type.lengths.map((length) => `[${length}]`).join(""));
  const name = kind === "tagged" ? "tagged union" : cut(kind);
  const size = isRecord(type) ? ` of ${byteLength} bytes${lengths === "" ? "" : " each"}` : "";
  return `${/^[afir]/.test(name) ? "an" : "a"} ${name}${lengths}${size}`;
}

function show(name: string): string {
  return JSON.stringify(cut(name));
}

function cut(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
