/**
 * What a WM_COPYDATA brings into a window procedure.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/wm-copydata}
 * @module
 */

import {
  copyBytes,
  type CopyDataFields,
  readCopyDataStruct,
} from "../../../ffi/win32/structures.ts";
import { Uncloneable } from "../../../ffi/uncloneable.ts";

/**
 * Reads a message for as long as a function runs. It is for window procedures of ours, and not exported
 * to scripts: what is no address of a message faults.
 *
 * @param lParam The message's `lParam`, which Windows gave.
 * @param use What is done with it.
 */
export let duringCopyData: <R>(lParam: bigint, use: (data: ReceivedCopyData) => R) => R;

/** What a window procedure got by WM_COPYDATA. */
export class ReceivedCopyData extends Uncloneable {
  readonly #fields: CopyDataFields;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #over = false;

  private constructor(fields: CopyDataFields) {
    super();
    this.#fields = fields;
  }

  static {
    duringCopyData = (lParam, use) => {
      const data = new ReceivedCopyData(readCopyDataStruct(lParam));
      try {
        return use(data);
      } finally {
        data.#over = true;
      }
    };
  }

  /** The number that tells what the data is (`dwData`). */
  get id(): bigint {
    return this.#fields.id;
  }

  /** How many bytes the sender counted (`cbData`). */
  get byteLength(): number {
    return this.#fields.byteLength;
  }

  /**
   * The bytes, copied when they are first looked at, which has to be before the window
   * procedure returns: the system takes them away then.
   *
   * @throws {TypeError} If it has returned and they were not looked at.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes === undefined) {
      if (this.#over) {
        throw new TypeError("Cannot read a WM_COPYDATA after its window procedure has returned");
      }
      this.#bytes = copyBytes(this.#fields.data, this.#fields.byteLength);
    }
    return this.#bytes;
  }
}
