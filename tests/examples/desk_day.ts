/**
 * A short day of examples/desk: the outputs of its scripts, on one machine and on several.
 *
 * @module
 */

/** The arguments of prices.ts. */
export const PRICES_ARGUMENTS = ["--count", "120", "--pause", "1"];

/** The whole outputs of the scripts. */
export const OUTPUTS = {
  prices: "Sent 120 prices\n",
  strategy: "Waiting for prices\nSaw 120 prices\n",
  blotter: `Waiting for orders
buy WIN at 95.84, price 33
sell WIN at 104.12, price 58
buy WIN at 95.93, price 83
sell WIN at 104.02, price 108
The cash has changed by 16.37
`,
} as const;
