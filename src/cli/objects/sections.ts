/**
 * Opens sections one after another, to tell rings and values from plain memory.
 *
 * @module
 */

import { accountName } from "../../../ffi/account.ts";
import { codeOf } from "../../../ffi/error.ts";
import {
  type ChannelInspection,
  inspectChannel,
  lookUpOwner,
  type OwnerLookup,
} from "../../channel/inspection.ts";
import { InspectedSection } from "../../memory/inspection.ts";
import type { ListedObject } from "./object.ts";
import type { RawObject } from "./raw.ts";

/** Returns an account's name, or the identifier if the account has no name. */
export function ownerName(sid: string | undefined): string | undefined {
  return sid === undefined ? undefined : accountName(sid) ?? sid;
}

/**
 * Returns the ring or the value that a section holds; `undefined` if it is plain memory, or if its
 * pages are not committed.
 */
export function inspectSection(
  section: InspectedSection,
  lookUp: OwnerLookup = lookUpOwner,
): ChannelInspection | undefined {
  try {
    return inspectChannel(section, lookUp);
  } catch (error) {
    if (error instanceof Deno.errors.InvalidData || codeOf(error) !== undefined) return undefined;
    throw error;
  }
}

/** Looks at sections. It remembers which processes run, so use a new one for each listing. */
export class SectionReader {
  readonly #owners = new Map<bigint, ReturnType<OwnerLookup>>();

  /** Looks up the owner of a place, at most once. */
  readonly lookUp: OwnerLookup = (owner) => {
    const found = this.#owners.get(owner) ?? lookUpOwner(owner);
    this.#owners.set(owner, found);
    return found;
  };

  /** Opens a section, looks at it and closes it; `undefined` if the section is gone. */
  read({ name, full }: RawObject): ListedObject | undefined {
    const plain = { kind: "section", name } as const;
    try {
      using section = new InspectedSection(full);
      const { byteLength, isReadable, owner } = section;
      const common = { name, size: byteLength || undefined, owner: ownerName(owner) };
      if (!isReadable) {
        return { ...plain, ...common, denied: section.isImage ? undefined : true };
      }
      return { ...plain, ...common, ...this.#inspect(section) };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      // Windows refuses to open it, or its name has a NUL and cannot be given to Windows.
      if (codeOf(error) === undefined && !(error instanceof TypeError)) throw error;
      return { ...plain, denied: true };
    }
  }

  #inspect(section: InspectedSection): Partial<ListedObject> {
    const found = inspectSection(section, this.lookUp);
    if (found === undefined) return {};
    if ("problem" in found) return { kind: found.kind, problem: found.problem };
    return { kind: found.kind, channel: found };
  }
}
