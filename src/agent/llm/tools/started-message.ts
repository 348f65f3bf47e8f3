/** What a call is about to do, in a sentence for people. */
import { oneLine, quote } from "../../rules/wording.ts";

type Input = Readonly<Record<string, unknown>>;

const SENTENCES: Readonly<Record<string, (input: Input) => string>> = {
  list_files: ({ path, glob }) =>
    `List ${glob === undefined ? "files" : said(glob)}${path === undefined ? "" : ` in ${said(path)}`}`,
  read_file: ({ path }) => `Read ${said(path)}`,
  search_files: ({ query, glob }) =>
    `Search ${glob === undefined ? "all files" : said(glob)} for ${said(query)}`,
  edit_file: ({ path }) => `Edit ${said(path)}`,
  write_file: ({ path }) => `Write ${said(path)}`,
  delete_file: ({ path }) => `Delete ${said(path)}`,
  move_file: ({ from, to }) => `Move ${said(from)} to ${said(to)}`,
  run_command: ({ command }) => `Run ${said(command)}`,
  finish: ({ title }) => `Finish: ${said(title)}`,
};

export function startedMessage(name: string, input: Input): string {
  const sentence = Object.hasOwn(SENTENCES, name) ? SENTENCES[name] : undefined;
  return oneLine(sentence?.(input) ?? `Call ${quote(name)}`, 300);
}

function said(value: unknown): string {
  return typeof value === "string" ? quote(value, 120) : "?";
}
