/**
 * The schemas that ship with the command, for programs that many people read.
 *
 * @module
 */

import { AFTERBURNER } from "./afterburner.ts";
import { AIDA64 } from "./aida64.ts";
import { ASSETTO_CORSA } from "./assetto_corsa.ts";
import { CORE_TEMP } from "./core_temp.ts";
import { GPU_Z } from "./gpu_z.ts";
import { HWINFO } from "./hwinfo.ts";
import { IRACING } from "./iracing.ts";
import { MUMBLE_LINK } from "./mumble_link.ts";
import { RFACTOR2 } from "./rfactor2.ts";
import { RTSS } from "./rtss.ts";
import type { Schema } from "../schema.ts";
import type { Shipped } from "./shipped.ts";

/** All schemas that ship with the command, by program. */
export const SHIPPED: readonly Shipped[] = [
  AIDA64,
  ...ASSETTO_CORSA,
  ...CORE_TEMP,
  GPU_Z,
  HWINFO,
  IRACING,
  AFTERBURNER,
  MUMBLE_LINK,
  ...RFACTOR2,
  RTSS,
];

/**
 * Returns the schema for the memory of a name: `Local\MumbleLink`, `Global\MumbleLink` or
 * `MumbleLink`. As Windows does, it tells capitals from small letters.
 */
export function findShipped(name: string): Schema | undefined {
  const bare = name.replace(/^(?:Local|Global)\\/, "");
  return SHIPPED.find(({ names, hasProcessId }) =>
    names.includes(hasProcessId ? bare.replace(/\d{1,10}$/, "") : bare)
  )?.schema;
}
