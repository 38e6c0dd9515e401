import { bold, cyan, dim } from "@std/fmt/colors";
import { sizeText } from "./printing/size_text.ts";
import { alignColumns } from "./printing/columns.ts";
import { type Measurement, measureWay } from "./ways/measure.ts";
import type { Invocation } from "./command_line/command.ts";
import type { SpecOf } from "./commands.ts";
import { EXIT, messageOf } from "./command_line/failure.ts";
import { formatOf } from "./printing/records.ts";
import { toJson } from "./printing/json.ts";
import type { Output } from "./printing/output.ts";
import { WAY_TEXTS } from "./ways/ways.ts";
import { WAYS } from "./ways/way_names.ts";

/** The width of the longest bar in columns. */
const BAR = 20;

/** Runs `winipc bench`: measures each way for a second or two, one after the other. */
export async function run(
  { args, options, output, signal }: Invocation<SpecOf<"bench">>,
): Promise<number> {
  const format = formatOf(options);
  const { size } = options;
  const ways = args.way.length === 0 ? WAYS : WAYS.filter((way) => args.way.includes(way));
  const measurements: Measurement[] = [];
  let code: number = EXIT.done;
  for (const way of ways) {
    output.status(`Measuring ${WAY_TEXTS[way]} (${measurements.length + 1} of ${ways.length}) …`);
    try {
      const measurement = await measureWay(way, size, signal);
      measurements.push(measurement);
      if (format === "jsonl") output.line(toJson(measurement));
    } catch (error) {
      signal.throwIfAborted();
      output.note(`Cannot measure ${way}: ${messageOf(error)}`);
      code = EXIT.failed;
    }
  }
  if (format === "json") output.line(toJson(measurements, 2));
  else if (format === "text" && measurements.length > 0) printText(measurements, size, output);
  return code;
}

function printText(measurements: readonly Measurement[], size: number, output: Output): void {
  const sorted = measurements.toSorted((a, b) => b.perSecond - a.perSecond);
  const fastest = sorted[0]!.perSecond;
  const rows = sorted.map(({ way, p50, p99, perSecond }) => [
    way,
    nanoseconds(p50),
    nanoseconds(p99),
    grouped(perSecond),
    `${(fastest / perSecond).toFixed(1)} ×`,
    cyan("█".repeat(Math.max(1, Math.round(BAR * perSecond / fastest)))),
  ]);
  const head = ["WAY", "P50", "P99", "MESSAGES/S", "RATIO", ""].map(bold);
  for (const line of alignColumns([head, ...rows], [1, 2, 3, 4])) output.line(line);
  output.note(dim(
    `Each message has ${sizeText(size)}. Both ends are in one thread, so the times are those ` +
      "of sending and receiving, without the switch to another process.",
  ));
}

/** Returns a time with three digits: `415 ns`, `41.5 µs`. */
function nanoseconds(time: number): string {
  const [unit, divisor] = time < 1000
    ? ["ns", 1]
    : time < 1e6
    ? ["µs", 1000] as const
    : ["ms", 1e6] as const;
  return `${(time / Number(divisor)).toPrecision(3)} ${unit}`;
}

/** Returns a whole number in groups of three digits. */
function grouped(number: number): string {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, ",");
}
