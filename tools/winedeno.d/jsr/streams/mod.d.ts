export * from "./text_line_stream.d.ts";
