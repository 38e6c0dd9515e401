import type { Invocation } from "./command_line/command.ts";
import type { SpecOf } from "./commands.ts";
import { formatOf, Records } from "./printing/records.ts";
import { LivePicture } from "./printing/live.ts";
import { matcherOf } from "./objects/pattern.ts";
import { Meter, type RingRates } from "./rings/meter.ts";
import { pause } from "./waiting/pause.ts";
import { pictureOf } from "./rings/picture.ts";
import { RingLooker } from "./rings/looker.ts";

/** The rates of one ring or value in one interval, as JSON has them. */
interface TopRecord extends RingRates {
  /** The time of the look. */
  readonly time: string;
}

/** Runs `winipc top`. */
export async function run(
  { args, options, output, signal }: Invocation<SpecOf<"top">>,
): Promise<void> {
  const format = formatOf(options);
  const isLive = output.isTerminal && format === "text";
  const matches = args.pattern === undefined ? () => true : matcherOf(args.pattern);
  const looker = new RingLooker(matches, (error) => output.note(error.message));
  const meter = new Meter();
  const look = async () => meter.measure(await looker.look(signal), performance.now());
  const picture = new LivePicture(output);
  const draw = (rings: readonly RingRates[]) => picture.draw(pictureOf(rings, output.size.rows));
  // Off a terminal, a line of JSON is printed for each ring and interval.
  using records = new Records<TopRecord>(output, format === "text" ? "jsonl" : format, () => "");
  const first = await look();
  if (isLive) draw(first);
  for (let count = 0; count < (options.count ?? Infinity); count++) {
    await pause(options.interval, signal);
    const rings = await look();
    if (isLive) draw(rings);
    else {
      const time = new Date().toISOString();
      for (const ring of rings) records.add({ time, ...ring });
      // A closed output is noticed here, also if no ring is there.
      output.flush();
    }
  }
}
