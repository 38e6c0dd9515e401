/**
 * What is odd in an image.
 *
 * @module
 */

/** Something in an image that is not as it should be, though Windows' loader takes it. */
export interface ImageProblem {
  /** The finding, such as `the name of section "/4" is not in the string table`. */
  readonly message: string;
  /** Where in the file it was found, in bytes from the beginning. */
  readonly offset: number;
  /**
   * Whether nothing of the image can be shared safely: `SharedSection.load` then refuses it. Windows
   * would write to the wrong places, or to memory that others use, or share nothing.
   */
  readonly unsafe: boolean;
}

/** Enough to see what is wrong; a hostile image could have millions. */
const MOST_PROBLEMS = 100;

/** The problems that are found while an image is read. */
export class ImageProblems {
  /** The first {@linkcode MOST_PROBLEMS} of them. */
  readonly all: ImageProblem[] = [];

  /** Adds one that harms nobody. */
  add(message: string, offset: number): void {
    if (this.all.length < MOST_PROBLEMS) this.all.push({ message, offset, unsafe: false });
  }

  /** Adds one for which the image must not be mapped, before all others. */
  addUnsafe(message: string, offset: number): void {
    this.all.unshift({ message, offset, unsafe: true });
    this.all.length = Math.min(this.all.length, MOST_PROBLEMS);
  }
}
