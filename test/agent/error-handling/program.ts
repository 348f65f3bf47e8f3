/** What the corpora are made of: whole programs, and what the transformation has to make of them. */
export interface Program {
  /** What is tricky about it. */
  readonly name: string;
  readonly source: string;
  /** The functions that get error handling, in source order; none means the file stays as it is. */
  readonly wrapped: readonly string[];
  /** The file's name when its ending matters. */
  readonly file?: string;
}

/** A program from its lines, each ended by `\n`. */
export function program(
  name: string,
  wrapped: readonly string[],
  lines: readonly string[],
  file?: string,
): Program {
  return { name, wrapped, source: `${lines.join("\n")}\n`, ...(file === undefined ? {} : { file }) };
}
