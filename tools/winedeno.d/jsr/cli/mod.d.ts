export * from "./parse_args.d.ts";
