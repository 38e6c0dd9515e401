/**
 * A Worker that sends frames as bench/compare/growth/peers/producer.ts does, and damages one frame.
 *
 * @module
 */

import { produce } from "../../../bench/compare/growth/peers/produce.ts";

const DAMAGED = 100;

produce((words) => {
  if (words[1] === DAMAGED) words[9]! ^= 1;
});
