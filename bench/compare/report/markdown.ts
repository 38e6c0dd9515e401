/**
 * Writes Markdown as `deno fmt` leaves it.
 *
 * @module
 */

const LINE_WIDTH = 100;

/** The cell of a missing value in a table. */
export const NO_VALUE = "–";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Whether the column has numbers, which are aligned at the right. */
  readonly isNumeric?: boolean;
}

/** Writes a table. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(inOneLine))];
  const widths = columns.map((_, at) => Math.max(3, ...cells.map((row) => row[at]?.length ?? 0)));
  const [head, ...body] = cells.map((row) =>
    line(columns.map(({ isNumeric }, at) => {
      const cell = row[at] ?? "";
      return isNumeric ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0);
    }))
  );
  const rule = line(columns.map(({ isNumeric }, at) => {
    const width = widths[at] ?? 0;
    return isNumeric ? `${"-".repeat(width - 1)}:` : "-".repeat(width);
  }));
  return [head, rule, ...body].join("\n");
}

/** Wraps a paragraph. */
export function paragraph(text: string): string {
  return wrap(text, "");
}

/** Writes a list. */
export function list(items: readonly string[]): string {
  return items.map((item) => `- ${wrap(item, "  ").trimStart()}`).join("\n");
}

/** Escapes text of unknown origin, such as the text of an error. */
export function plain(text: string): string {
  return text.replace(/[\\`*<[\]|]/g, "\\$&");
}

function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    if (line === "") line = indent + word;
    else if (line.length + 1 + word.length <= LINE_WIDTH) line += ` ${word}`;
    else {
      lines.push(line);
      line = indent + word;
    }
  }
  return [...lines, line].join("\n");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function inOneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
