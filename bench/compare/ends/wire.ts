/**
 * The frames around a task's data frames, and the sender's half of one-way tasks.
 *
 * @module
 */

import type { Link } from "../link.ts";
import {
  type Control,
  controlFrame,
  CREDIT_LENGTH,
  HEADER_LENGTH,
  readControl,
  readResult,
  type Result,
  resultFrame,
  TASK,
} from "./frames.ts";

/** A link with the frames that are around the data frames. */
export class Wire {
  readonly link: Link;
  readonly keepsAll: boolean;
  /** Number of frames that went either way. The watchdog compares it from time to time. */
  moved = 0;

  constructor(link: Link) {
    this.link = link;
    this.keepsAll = link.keepsAll ?? true;
  }

  /** Sends one frame, so that the peer sees it at once. */
  async send(frame: Uint8Array<ArrayBuffer>): Promise<void> {
    const sent = this.link.send(frame);
    if (sent) await sent;
    this.link.flush?.();
    this.moved++;
  }

  /** Waits for one frame. It is valid until the next call. */
  async receive(length: number): Promise<Uint8Array> {
    const coming = this.link.receive(length);
    const frame = coming instanceof Promise ? await coming : coming;
    this.moved++;
    if (frame.length === length) return frame;
    throw new Error(`Expected a frame of ${length} bytes, got ${frame.length}`);
  }

  /** Sends a control frame. Where only the newest frame arrives, waits until the peer has it. */
  async sendControl(control: Control): Promise<void> {
    await this.send(controlFrame(control));
    if (!this.keepsAll && control.task !== TASK.end) await this.receive(CREDIT_LENGTH);
  }

  /** Waits for a control frame. */
  async receiveControl(): Promise<Control> {
    const control = readControl(await this.receive(HEADER_LENGTH));
    if (!this.keepsAll && control.task !== TASK.end) await this.sendCredit();
    return control;
  }

  async sendResult(result: Result): Promise<void> {
    await this.send(resultFrame(result));
  }

  /**
   * Waits for a result frame.
   *
   * @param sent Number of data frames that this end has sent.
   * @throws {Error} If the peer has received a wrong frame, or not all where all must arrive.
   */
  async receiveResult(sent: number): Promise<Result> {
    const result = readResult(await this.receive(HEADER_LENGTH));
    const { bad, frames } = result;
    if (bad !== undefined) throw new Error(`The far end received frame ${bad} wrong`);
    if (!this.keepsAll || frames === sent) return result;
    throw new Error(`The far end received ${frames} frames of ${sent}`);
  }

  async sendCredit(): Promise<void> {
    await this.send(new Uint8Array(CREDIT_LENGTH));
  }

  /** Returns the frames of `length` bytes between credits, which may be without end. */
  windowOf(length: number): number {
    return this.link.window?.(length) ?? Infinity;
  }
}
