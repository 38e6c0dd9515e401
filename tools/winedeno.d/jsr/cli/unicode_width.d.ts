// The declarations of @std/cli/unicode-width.

export function unicodeWidth(str: string): number;
