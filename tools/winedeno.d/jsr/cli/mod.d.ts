export * from "./parse_args.d.ts";
export * from "./unicode_width.d.ts";
