/**
 * A section that another program shares, opened to copy parts of it.
 *
 * @module
 */

import { escapeText } from "../printing/escape.ts";
import { InspectedSection } from "../../memory/inspection.ts";
import { objectName } from "../../names.ts";
import { suggestSection } from "./suggest_section.ts";
import { assertName } from "../command_line/object_name.ts";
import { UsageError } from "../command_line/failure.ts";

/** A part of a section, in bytes. */
export interface SectionPart {
  readonly at: number;
  readonly length: number;
}

/** The options that choose a part of a section. */
export interface PartOptions {
  readonly at: number;
  readonly length: number | undefined;
}

/** An open section. Its name stays taken until it is closed. */
export class Section implements Disposable {
  /** The full name: `Local\sensors`. */
  readonly name: string;
  /** The size in bytes: whole pages. */
  readonly byteLength: number;
  readonly #memory: InspectedSection;

  /**
   * Opens a section to read it.
   *
   * @throws {UsageError} If no section can have the name.
   * @throws {Deno.errors.NotFound} If there is no such section. The message has a similar name.
   * @throws {Deno.errors.PermissionDenied} If this user cannot read the section.
   */
  constructor(name: string) {
    assertName(name);
    this.name = objectName(name);
    this.#memory = openSection(this.name, name);
    this.byteLength = this.#memory.byteLength;
    if (this.#memory.isReadable) return;
    this.#memory[Symbol.dispose]();
    throw new Deno.errors.PermissionDenied(
      `Cannot read ${this.#memory.label}: ` +
        (this.#memory.isImage ? "it holds a program or a DLL" : "it does not grant this right"),
    );
  }

  /** The name for messages: `"Local\sensors"`. */
  get label(): string {
    return `"${escapeText(this.name)}"`;
  }

  /**
   * Returns the part that the options choose.
   *
   * @param usual The length without the option `--length`. It is cut at the end of the section.
   * @throws {UsageError} If the part is not within the section.
   */
  part({ at, length }: PartOptions, usual: number): SectionPart {
    const { byteLength, label } = this;
    if (at >= byteLength) {
      throw new UsageError(
        `Expected --at to be less than ${byteLength}, the size of ${label}, got ${at}`,
      );
    }
    const rest = byteLength - at;
    if (length !== undefined && length > rest) {
      throw new UsageError(
        `Expected --length to be at most ${rest} with --at ${at}, because ${label} has ` +
          `${byteLength} bytes, got ${length}`,
      );
    }
    return { at, length: length ?? Math.min(usual, rest) };
  }

  /**
   * Copies a part.
   *
   * @throws {Deno.errors.InvalidData} If the part is reserved and has no memory yet.
   */
  copy({ at, length }: SectionPart): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.copy(at, length));
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
  }
}

function openSection(full: string, name: string): InspectedSection {
  try {
    return new InspectedSection(full);
  } catch (error) {
    throw suggestSection(error, name);
  }
}
