/**
 * A Worker that sends frames to collector.ts.
 *
 * @module
 */

import { produce } from "./produce.ts";

produce();
