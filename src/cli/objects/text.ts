/**
 * Writes a listing as text in columns.
 *
 * @module
 */

import { bold, dim, red, yellow } from "@std/fmt/colors";
import { alignColumns } from "../printing/columns.ts";
import { escapeText } from "../printing/escape.ts";
import { sizeText } from "../printing/size_text.ts";
import { describePlace, type ListedObject, type ListedWindow } from "./object.ts";
import type { InspectedPlace, ValidInspection } from "../../channel/inspection.ts";

const HEADINGS = ["KIND", "NAME", "SIZE", "OWNER", "DETAIL"];
/** The index of the column SIZE, which is aligned at its right end. */
const SIZE = 2;

/** Returns the lines of a listing, with a line of headings first. */
export function listingLines(objects: readonly ListedObject[]): string[] {
  const rows = objects.map((object) => [
    object.kind,
    escapeText(object.name),
    object.size === undefined ? "" : sizeText(object.size),
    escapeText(object.owner ?? ""),
    detailOf(object),
  ]);
  return alignColumns([HEADINGS.map((heading) => bold(heading)), ...rows], [SIZE]);
}

function detailOf({ channel, window, of, denied, problem }: ListedObject): string {
  if (denied) return yellow("no access");
  if (problem !== undefined) return red(`unusable: ${problem}`);
  if (channel !== undefined) return channelText(channel);
  if (window !== undefined) return windowText(window);
  return of === undefined ? "" : dim(`part of ${escapeText(of)}`);
}

function windowText({ process, image, messageOnly }: ListedWindow): string {
  const program = image === undefined ? "" : ` ${escapeText(image)}`;
  return `process ${process}${program}${messageOnly ? ", message-only" : ""}`;
}

function channelText(channel: ValidInspection): string {
  const typed = channel.layoutLength > 0 ? "typed, " : "";
  switch (channel.kind) {
    case "ring":
      return `${typed}${fillText(channel)}, ${placesText(channel.places)}`;
    case "broadcast":
      return `${typed}${countText(channel.sent, "message")} sent, ${placesText(channel.places)}`;
    case "latest":
      return `${countText(channel.published, "value")}, ${placesText(channel.places)}`;
    case "frame":
      return `${countText(channel.published, "frame")}, ${placesText(channel.places)}`;
  }
}

/** Returns the fill of a ring: `12% of 64 KiB full`. */
export function fillText({ used, capacity }: { used: number; capacity: number }): string {
  return `${Math.round(100 * used / capacity)}% of ${sizeText(capacity)} full`;
}

/** Returns a number with its noun: `1 message`, `2 messages`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function placesText(places: readonly InspectedPlace[]): string {
  const text = (place: InspectedPlace) =>
    place.state === "dead" ? red(describePlace(place)) : describePlace(place);
  return places.map(text).join(", ");
}
