/** Which tool a model means by a name that it knows from elsewhere, or has slightly wrong. */
import { similarName } from "./similar.ts";

/** What the same tools are called by others. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  apply_patch: "edit_file",
  bash: "run_command",
  cat: "read_file",
  create_file: "write_file",
  done: "finish",
  exec: "run_command",
  execute: "run_command",
  execute_command: "run_command",
  find_files: "list_files",
  glob: "list_files",
  grep: "search_files",
  list_directory: "list_files",
  ls: "list_files",
  open_file: "read_file",
  remove_file: "delete_file",
  rename: "move_file",
  rename_file: "move_file",
  replace: "edit_file",
  shell: "run_command",
  str_replace: "edit_file",
  submit: "finish",
  update_file: "edit_file",
  view: "read_file",
  view_file: "read_file",
};
/** All names end alike, so that only a great likeness means anything. */
const ALIKE = 0.75;

/** One of `names`, or undefined when nothing is meant for sure: a wrong guess may delete a file. */
export function meantTool(name: string, names: readonly string[]): string | undefined {
  const lower = name.slice(0, 100).toLowerCase();
  const known = Object.hasOwn(ELSEWHERE, lower) ? ELSEWHERE[lower] : undefined;
  const meant = known ?? names.find((one) => one.startsWith(`${lower}_`)) ?? similarName(lower, names, ALIKE);
  return meant !== undefined && names.includes(meant) ? meant : undefined;
}
