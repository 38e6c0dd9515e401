import { struct, utf16 } from "../../mod.ts";

/** A struct with padding before its larger fields. */
export const Sample = struct({
  small: "u8",
  large: "u64",
  half: "u16",
  fraction: "f32",
  sum: "f64",
  text: utf16(12),
});
