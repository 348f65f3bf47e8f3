/** The variables that every backend gives commands, beside PATH and folders, which are its own. */

export const COMMAND_ENVIRONMENT = {
  LANG: "C.UTF-8",
  CI: "true",
  /** A module is taken for unchanged while its size and the second of its time are: two quick edits would pass for one. */
  PYTHONDONTWRITEBYTECODE: "1",
} as const;
