/**
 * The form of a broadcast ring, a latest value or a latest frame: its kind, and the settings and the
 * layout that its memory holds. With the form alone, a tool can read the memory as bytes, and create
 * the same object again.
 *
 * @module
 */

import { openMemory } from "../../memory/creation.ts";
import { sharedMemoryOver } from "../../memory/shared_memory.ts";
import { objectName } from "../../names.ts";
import type { ValueLayout } from "../../struct/consistent.ts";
import { type DescribedLayout, fnv1a, parseDescription } from "../../struct/description.ts";
import type { BroadcastSettings } from "../broadcast/layout.ts";
import { frameLabel, type FrameSettings } from "../frame/layout.ts";
import { inspectChannel, inspectLayout, memoryOf, type OwnerLookup } from "../inspection.ts";
import { latestLabel } from "../latest/layout.ts";
import { describeOther, labelFor, MAGICS } from "../peer/memory.ts";

/** The form of a broadcast ring. */
export interface BroadcastForm {
  readonly kind: "broadcast";
  readonly settings: BroadcastSettings;
  /** The layout of the messages; `undefined` if they have none. */
  readonly layout: DescribedLayout | undefined;
}

/** The form of a latest value. */
export interface LatestForm {
  readonly kind: "latest";
  readonly layout: ValueLayout;
}

/** The form of a latest frame. */
export interface FrameForm {
  readonly kind: "frame";
  readonly settings: FrameSettings;
}

/** The form of an object that any number of readers can read, each for itself. */
export type TapForm = BroadcastForm | LatestForm | FrameForm;

/** The kind of a form. */
export type TapKind = TapForm["kind"];

/**
 * Returns the label of a form's object in messages: `broadcast ring "Local\\x"`.
 *
 * @param name The object's full name, with its prefix: `Local\x`.
 */
export function labelOfForm({ kind }: Pick<TapForm, "kind">, name: string): string {
  if (kind === "broadcast") return labelFor("broadcast ring", name);
  return kind === "latest" ? latestLabel(name) : frameLabel(name);
}

/**
 * Reads the form of the object of a name.
 *
 * @throws {Deno.errors.NotFound} If no object has this name, or its creator is not done yet.
 * @throws {Deno.errors.InvalidData} If the memory is corrupt.
 * @throws {NotTappable} If the memory holds something else.
 * @throws {Deno.errors.PermissionDenied} If this user has no right to read from the object. Readers
 *   also write their wake flags.
 */
export function readForm(name: string): TapForm {
  const full = objectName(name);
  const found = openMemory(full, { access: "readwrite" }, { label: `"${full}"` });
  using memory = sharedMemoryOver(found, full, false);
  using view = memory.map();
  return formOf(view.bytes, full);
}

/** The owners of places are of no interest here. */
const NO_OWNER: OwnerLookup = () => ({ state: "hidden", process: undefined, thread: undefined });

function formOf(bytes: Uint8Array<ArrayBuffer>, full: string): TapForm {
  const memory = memoryOf(bytes);
  const found = inspectChannel(memory, NO_OWNER);
  if (found === undefined || found.kind === "ring") {
    throw new NotTappable(
      full,
      bytes.length < 4 ? 0 : new DataView(bytes.buffer).getUint32(0, true),
    );
  }
  if ("problem" in found) throw cannotRead(`"${full}"`, found.problem);
  const { kind } = found;
  if (kind === "frame") {
    const { byteLength, slots, maxReaders } = found;
    return { kind, settings: { byteLength, slots, maxReaders } };
  }
  const signature = inspectLayout(memory, found);
  const layout = signature === undefined ? undefined : { signature, layoutHash: fnv1a(signature) };
  if (kind === "broadcast") {
    const { capacity, maxMessageLength } = found;
    return { kind, settings: { capacity, maxMessageLength }, layout };
  }
  const { valueLength } = found;
  if (layout === undefined || parseDescription(layout.signature)?.byteLength !== valueLength) {
    const why = `it does not describe its values of ${valueLength} bytes`;
    throw cannotRead(latestLabel(full), why);
  }
  return { kind, layout: { ...layout, byteLength: valueLength } };
}

function cannotRead(label: string, why: string): Deno.errors.InvalidData {
  return new Deno.errors.InvalidData(`Cannot read ${label}: ${why}`);
}

/** Thrown for memory that is no broadcast ring, latest value or latest frame. */
export class NotTappable extends Error {
  override readonly name = "NotTappable";
  /** Whether the memory is a channel, whose messages only one receiver gets. */
  readonly isChannel: boolean;

  /**
   * @param full The object's full name, with its prefix: `Local\x`.
   * @param magic The first word of the memory.
   */
  constructor(full: string, magic: number) {
    super(
      `Cannot read "${full}": expected a broadcast ring, a latest value or a latest ` +
        `frame, but ${describeOther(magic)}`,
    );
    this.isChannel = magic === MAGICS.channel;
  }
}
