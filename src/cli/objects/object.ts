/**
 * The objects of a listing, and what is known of each.
 *
 * @module
 */

import type { InspectedPlace, ValidInspection } from "../../channel/inspection.ts";
import type { KINDS } from "./kinds.ts";

/** A kind of object, as users name it. */
export type Kind = typeof KINDS[number];

/** A window that programs can send to. */
export interface ListedWindow {
  readonly class: string;
  readonly title: string;
  /** The window's handle (`HWND`). */
  readonly handle: bigint;
  readonly process: number;
  /** The file name of the process's program. */
  readonly image: string | undefined;
  readonly messageOnly: boolean;
}

/** An object of a listing. */
export interface ListedObject {
  readonly kind: Kind;
  /** The name, which can be pasted into functions and commands: `trades`, `Global\trades`. */
  readonly name: string;
  /** The size of a section in bytes. */
  readonly size?: number | undefined;
  /** The owner's account, or its security identifier if the account has no name. */
  readonly owner?: string | undefined;
  /** The name of the ring or value that this object is a part of. */
  readonly of?: string | undefined;
  /** Whether this user is not allowed to open the section, or to read it. */
  readonly denied?: true | undefined;
  /** The reason why a ring or a value cannot be used, as a clause. */
  readonly problem?: string | undefined;
  readonly channel?: ValidInspection | undefined;
  readonly window?: ListedWindow | undefined;
}

/** Returns the record for JSON: all that is known, in one object. */
export function recordOf(object: ListedObject): object {
  const { channel, window, ...common } = object;
  return { ...common, ...withoutKind(channel), ...window };
}

function withoutKind(channel: ValidInspection | undefined): object {
  if (channel === undefined) return {};
  const { kind: _, ...rest } = channel;
  return rest;
}

/** Describes an end in a few words: `sender 1234`, `receiver dead (1234)`. */
export function describePlace({ role, state, process, thread }: InspectedPlace): string {
  const id = process ?? (thread === undefined ? undefined : `thread ${thread}`);
  switch (state) {
    case "free":
      return `no ${role}`;
    case "closed":
      return `${role} closed`;
    case "alive":
      return `${role} ${id ?? ""}`.trimEnd();
    case "dead":
      return `${role} dead${id === undefined ? "" : ` (${id})`}`;
    case "hidden":
      return `${role} ${id ?? ""} of another user`;
  }
}
