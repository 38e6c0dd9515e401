/**
 * A link with the control frames, result frames and credits of the tasks.
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

/** A link with the frames around the data frames: control frames, result frames and credits. */
export class Wire {
  readonly link: Link;
  /** Whether every frame arrives. Otherwise, only the newest one arrives. */
  readonly keepsAll: boolean;
  /** Number of frames that went either way. The watchdog looks whether the number grows. */
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

  /**
   * Waits for one frame, which is valid until the next call.
   *
   * @throws {Error} If the frame has another length.
   */
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

  /** Sends a result frame. */
  async sendResult(result: Result): Promise<void> {
    await this.send(resultFrame(result));
  }

  /**
   * Waits for a result frame.
   *
   * @param sent Number of data frames that this end has sent.
   * @throws {Error} If the peer has received a wrong frame, or too few of a link that keeps all.
   */
  async receiveResult(sent: number): Promise<Result> {
    const result = readResult(await this.receive(HEADER_LENGTH));
    const { bad, frames } = result;
    if (bad !== undefined) throw new Error(`The far end received frame ${bad} wrong`);
    if (!this.keepsAll || frames === sent) return result;
    throw new Error(`The far end received ${frames} frames of ${sent}`);
  }

  /** Sends a credit, so that the peer can send the next window of frames. */
  async sendCredit(): Promise<void> {
    await this.send(new Uint8Array(CREDIT_LENGTH));
  }

  /** Returns the number of frames of `length` bytes between credits: Infinity without credits. */
  windowOf(length: number): number {
    return this.link.window?.(length) ?? Infinity;
  }
}
