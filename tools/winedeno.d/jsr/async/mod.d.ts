export * from "./abortable.d.ts";
export * from "./deadline.d.ts";
export * from "./delay.d.ts";
