/**
 * An end without a fault. Arguments: `far|near pipe-bytes NAME`.
 *
 * @module
 */

import { runEnd } from "../../../bench/compare/ends/driver.ts";
import { tcp } from "../../../bench/compare/ends/ways/tcp.ts";

await runEnd({ "pipe-bytes": tcp });
