/**
 * Reports the contents of a ring or a value: its layout, its ends, its fill and its counters.
 *
 * @module
 */

import type {
  InspectedPlace,
  InspectedReaders,
  ValidInspection,
} from "../../channel/inspection.ts";
import { layoutLines } from "./layout_text.ts";
import type { Report } from "./report.ts";
import { programText } from "./secured.ts";
import { countText } from "./text.ts";
import { sizeText } from "../printing/size_text.ts";
import { imageOf } from "./windows.ts";

/**
 * Reports a ring or a value.
 *
 * @param layout The canonical text of its layout, or the reason why it cannot be read; `undefined`
 *   if it has none.
 */
export function reportChannel(
  report: Report,
  channel: ValidInspection,
  layout: string | Error | undefined,
): void {
  const { kind: _, places, layoutLength: __, ...rest } = channel;
  report.set({
    ...rest,
    layout: layout instanceof Error ? undefined : layout,
    problem: layout instanceof Error ? layout.message : undefined,
    places: places.map((place) => ({ ...place, image: imageAt(place) })),
  });
  report.line("version", String(channel.version));
  reportSettings(report, channel);
  report.line("layout", layoutText(layout));
  for (const place of places) report.line(place.role, placeText(place));
  reportCounters(report, channel);
}

function layoutText(layout: string | Error | undefined): string | readonly string[] {
  if (layout === undefined) return "none: each end knows what the bytes mean";
  return layout instanceof Error ? layout.message : layoutLines(layout);
}

/** The id of a dead process can belong to another program by now. */
function imageAt({ process, state }: InspectedPlace): string | undefined {
  return process === undefined || state !== "alive" ? undefined : imageOf(process);
}

function placeText(place: InspectedPlace): string {
  const { state, process, thread } = place;
  if (state === "free") return "none yet";
  if (state === "closed") return "closed";
  const program = process === undefined ? "" : `${programText(process, imageAt(place))}, `;
  const worker = thread === undefined ? "" : `thread ${thread}, `;
  return program + worker + (state === "hidden" ? "of another user" : state);
}

function reportSettings(report: Report, channel: ValidInspection): void {
  switch (channel.kind) {
    case "ring":
      report.line("senders", channel.producers === "single" ? "one" : sendersText(channel));
      report.line("capacity", sizeText(channel.capacity));
      report.line("messages", `at most ${countText(channel.maxMessageLength, "byte")} each`);
      report.line("when full", `${channel.whenFull}: ${WHEN_FULL[channel.whenFull]}`);
      break;
    case "broadcast":
      report.line("capacity", sizeText(channel.capacity));
      report.line("messages", `at most ${countText(channel.maxMessageLength, "byte")} each`);
      break;
    case "latest":
      report.line("value", countText(channel.valueLength, "byte"));
      break;
    case "frame":
      report.line("frames", `at most ${countText(channel.byteLength, "byte")} each`);
      report.line(
        "slots",
        `${channel.slots}, for up to ${countText(channel.maxReaders, "reader")}`,
      );
  }
}

const WHEN_FULL = {
  wait: "a send waits for room",
  fail: "a send fails",
  drop: "a message is dropped",
} as const;

function sendersText({ endsWithLastSender }: { endsWithLastSender: boolean }): string {
  return `up to 64; ${
    endsWithLastSender ? "it ends with the last one" : "it goes on after the last one"
  }`;
}

function reportCounters(report: Report, channel: ValidInspection): void {
  switch (channel.kind) {
    case "ring": {
      const percent = Math.round(100 * channel.used / channel.capacity);
      report.line("fill", `${percent}%, ${channel.used} of ${countText(channel.capacity, "byte")}`);
      report.line("received", countText(channel.received, "message"));
      report.line("dropped", countText(channel.dropped, "message"));
      report.line("waits", waitsText(channel));
      break;
    }
    case "broadcast":
      report.line(
        "sent",
        `${countText(channel.sent, "message")}, ${channel.written} bytes with headers`,
      );
      report.line("readers", readersText(channel.readers));
      report.line("missed", "unknown: each reader counts its own");
      break;
    case "latest":
      report.line("published", countText(channel.published, "value"));
      report.line("readers", readersText(channel.readers));
      break;
    case "frame":
      report.line(
        "published",
        `${countText(channel.published, "frame")}, the newest of ${
          countText(channel.frameLength, "byte")
        }`,
      );
      report.line("readers", readersText(channel.readers));
  }
}

function waitsText(
  { receiverWaits, senderWaits }: { receiverWaits: boolean; senderWaits: boolean },
): string {
  const waits = [
    ...(senderWaits ? ["a sender for room"] : []),
    ...(receiverWaits ? ["the receiver for messages"] : []),
  ];
  return waits.join(", ") || "no end";
}

function readersText({ waited, waiting }: InspectedReaders): string {
  return `${waiting} wait now; ${waited} have waited, others are not known`;
}
