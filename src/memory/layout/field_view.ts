/**
 * Objects whose properties are fields in the memory.
 *
 * @module
 */

import type { CType } from "./ctype.ts";
import type { PlacedField } from "./placement.ts";

type Data = DataView;

/** Fields in the memory, as the properties of an object. */
export class FieldView {
  readonly #data: Data;
  readonly #fields: readonly PlacedField[];
  /** What stands for the fields that are no values, in the order of the fields. */
  readonly #views: readonly unknown[];

  private constructor(data: Data, fields: readonly PlacedField[]) {
    this.#data = data;
    this.#fields = fields;
    this.#views = fields.map(({ type, offset, name }) =>
      type.assignable ? undefined : type.live(data, offset, name)
    );
  }

  /**
   * Makes the properties of fields, once for all views of them.
   *
   * @param fields The fields.
   * @returns What makes a view; its data begins where the fields do.
   */
  static over(fields: readonly PlacedField[]): (data: Data) => FieldView {
    const Fields = class extends FieldView {};
    for (const [index, field] of fields.entries()) {
      Object.defineProperty(Fields.prototype, field.name, {
        enumerable: true,
        ...(field.type.assignable ? this.#value(field) : this.#part(index)),
      });
    }
    return (data) => new Fields(data, fields);
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](inspect: typeof Deno.inspect): string {
    return inspect(
      Object.fromEntries(this.#fields.map(({ name }) => [name, Reflect.get(this, name)])),
    );
  }

  static #value({ type, offset, name }: PlacedField): PropertyDescriptor & ThisType<FieldView> {
    const checked: CType<unknown, unknown, unknown> = type;
    return {
      get() {
        return type.live(this.#data, offset, name);
      },
      set(value: unknown) {
        checked.check(value, name);
        type.store(this.#data, offset, value);
      },
    };
  }

  static #part(index: number): PropertyDescriptor & ThisType<FieldView> {
    return {
      get() {
        return this.#views[index];
      },
    };
  }
}
