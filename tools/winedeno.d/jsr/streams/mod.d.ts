export * from "./text_line_stream.d.ts";
export * from "./to_array_buffer.d.ts";
export * from "./to_bytes.d.ts";
export * from "./to_text.d.ts";
