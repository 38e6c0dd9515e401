/**
 * Shows which step runs, and how long the rest takes.
 *
 * @module
 */

/** A place where progress is shown. */
export interface Screen {
  readonly write: (text: string) => void;
  /** Whether the last line can be overwritten. */
  readonly isTerminal: boolean;
  /** The width of a line, in characters. */
  readonly columns: number;
  /** Returns the time in milliseconds. */
  readonly now: () => number;
}

/** A step, with estimated times in milliseconds. */
export interface Step {
  readonly name: string;
  readonly estimate: number;
  /** Time of all steps after this one. */
  readonly rest: number;
  /**
   * Whether the time of this step tells how right the other estimates are.
   *
   * @default true
   */
  readonly isTypical?: boolean;
}

/** Time between two lines on a screen that is no terminal, in milliseconds. */
const LINE_INTERVAL = 15_000;
/** Time between two writes of the line on a terminal, in milliseconds. */
const REDRAW_INTERVAL = 1000;
/** Weight of the first estimates against the measured times, in milliseconds. */
const TRUST = 30_000;
const CLEAR = "\r\x1b[K";

/** Shows the progress of steps, and corrects their estimates by the clock. */
export class Progress implements Disposable {
  readonly #screen: Screen;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #step: Step | undefined;
  /** When the step began. */
  #begun = 0;
  /** Estimated and measured time of the typical steps that have ended. */
  #estimated = 0;
  #measured = 0;
  #lastLine = -Infinity;

  /** @param screen Where to show the progress. @default the standard error */
  constructor(screen: Screen = standardError()) {
    this.#screen = screen;
    if (screen.isTerminal) this.#timer = setInterval(() => this.#show(), REDRAW_INTERVAL);
  }

  /** Ends the step before, and shows the next one. */
  begin(step: Step): void {
    const now = this.#screen.now();
    if (this.#step !== undefined && this.#step.isTypical !== false) {
      this.#estimated += this.#step.estimate;
      this.#measured += now - this.#begun;
    }
    this.#step = step;
    this.#begun = now;
    this.#show();
  }

  /** Gives the step that runs another name. */
  rename(name: string): void {
    if (this.#step !== undefined) this.#step = { ...this.#step, name };
    this.#show();
  }

  /** The estimated time that is left, in milliseconds. */
  get left(): number {
    if (this.#step === undefined) return 0;
    const pace = (this.#measured + TRUST) / (this.#estimated + TRUST);
    const ofStep = this.#step.estimate * pace - (this.#screen.now() - this.#begun);
    return Math.max(ofStep, 0) + this.#step.rest * pace;
  }

  /** Writes a line that stays, above the line of the progress. */
  print(line: string): void {
    this.#screen.write(`${this.#screen.isTerminal ? CLEAR : ""}${line}\n`);
    if (this.#screen.isTerminal) this.#show();
  }

  /** Clears the line. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#screen.isTerminal) this.#screen.write(CLEAR);
  }

  #show(): void {
    if (this.#step === undefined) return;
    const line = `${timeOf(this.left)} left: ${this.#step.name}`;
    if (this.#screen.isTerminal) {
      return this.#screen.write(`${CLEAR}${line.slice(0, this.#screen.columns - 1)}`);
    }
    const now = this.#screen.now();
    if (now - this.#lastLine < LINE_INTERVAL) return;
    this.#lastLine = now;
    this.#screen.write(`${line}\n`);
  }
}

/** Returns a time in minutes and seconds. */
function timeOf(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${`${seconds % 60}`.padStart(2)} s`;
}

function standardError(): Screen {
  const isTerminal = Deno.stderr.isTerminal();
  return {
    write(text) {
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length;) at += Deno.stderr.writeSync(bytes.subarray(at));
    },
    isTerminal,
    columns: isTerminal ? Deno.consoleSize().columns : Infinity,
    now: () => performance.now(),
  };
}
