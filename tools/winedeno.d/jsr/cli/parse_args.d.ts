// The declarations of @std/cli/parse-args, with simpler types: no dotted names.

export interface ParseOptions<
  B extends string = string,
  S extends string = string,
  C extends string = string,
  N extends string = string,
  D extends Record<string, unknown> = Record<string, unknown>,
  A extends Aliases = Aliases,
  Dashes extends boolean = boolean,
> {
  "--"?: Dashes;
  alias?: A;
  boolean?: boolean | B | readonly B[];
  string?: S | readonly S[];
  collect?: C | readonly C[];
  negatable?: N | readonly N[];
  default?: D;
  stopEarly?: boolean;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

type Aliases = Record<string, string | readonly string[]>;

/** The type of an argument named K without a default. */
type Parsed<K, B, S, C, N> = K extends C
  ? (K extends S ? string : K extends B ? boolean : unknown)[]
  : K extends S ? string | undefined | (K extends N ? false : never)
  : K extends B ? boolean
  : unknown;

type Value<K, B, S, C, N, D> = K extends keyof D ? D[K] | NonNullable<Parsed<K, B, S, C, N>>
  : Parsed<K, B, S, C, N>;

type AliasNames<T> = T extends readonly (infer Name extends string)[] ? Name : T;

export type Args<
  // deno-lint-ignore no-explicit-any
  Values = Record<string, any>,
  Dashes extends boolean = false,
> = Values & { _: (string | number)[] } & (Dashes extends true ? { "--": string[] } : unknown);

export function parseArgs(args: string[]): Args;
export function parseArgs<
  const B extends string = never,
  const S extends string = never,
  const C extends string = never,
  const N extends string = never,
  D extends Record<string, unknown> = Record<never, unknown>,
  const A extends Aliases = Record<never, string>,
  Dashes extends boolean = false,
>(args: string[], options: ParseOptions<B, S, C, N, D, A, Dashes>): Args<
  & { [x: string]: unknown }
  & { [K in B | S | C]: Value<K, B, S, C, N, D> }
  & { [K in keyof A as AliasNames<A[K]>]: Value<K, B, S, C, N, D> },
  Dashes
>;
