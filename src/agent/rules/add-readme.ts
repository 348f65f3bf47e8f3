/** Rule: add a README made of facts that are in the repository, and of nothing else. */
import type { AgentTask } from "../agent.ts";
import { createCursor } from "./cursor.ts";
import { type Project, readProject } from "./project/project.ts";
import { already, failed, type Rule, type RuleRun } from "./rule.ts";
import { writeFile } from "./steps.ts";
import { count, listed } from "./wording.ts";

const VERBS = ["add", "create", "write", "generate", "make"];
const FILLERS = new Set("me us a an the new basic simple proper good short missing".split(" "));
const TAIL = new Set(
  "file for to this the my our project repository repo codebase in at root of it".split(" "),
);
/** Folders listed in a README; more would hide the rest. */
const MAX_ENTRIES = 40;

/** `Add a README`. */
export const addReadmeRule: Rule = {
  name: "add_readme",
  examples: ["Add a README"],
  plan(instruction) {
    const cursor = createCursor(instruction.tokens);
    if (cursor.word(...VERBS) === undefined) return undefined;
    cursor.skip(FILLERS);
    if (cursor.word("readme", "readme.md") === undefined) return undefined;
    cursor.skip(TAIL);
    return cursor.done() ? { kind: "ready", run: addReadme } : undefined;
  },
};

async function* addReadme(task: AgentTask): RuleRun {
  const project = await readProject(task.workspace, task.repository);
  const existing = project.paths.find((path) => /^readme(\.\w+)?$/i.test(path));
  if (existing !== undefined)
    return already(`The repository has a README already (${existing}); it was left as it is.`);
  if (project.paths.length === 0)
    return failed("The repository is empty, so there is nothing a README could say.");
  const written = yield* writeFile(task, "README.md", readmeOf(project));
  if (!written.ok) return failed(written.reason);
  const source =
    project.manifests.length === 0 ? "the file tree" : `${listed(project.manifests)} and the file tree`;
  return {
    status: "edited",
    title: "Add a README",
    summary: [`Added README.md, written from ${source}; it holds nothing that is not in the repository.`],
  };
}

/** The README's text. */
function readmeOf(project: Project): string {
  const sections = [
    `# ${escaped(project.name ?? "About this repository")}`,
    ...(project.description === undefined ? [] : [escaped(project.description)]),
    ...(project.requires.length === 0
      ? []
      : ["## Requirements", project.requires.map((one) => `- ${escaped(one)}`).join("\n")]),
    ...(project.install.length === 0 ? [] : ["## Installation", fenced(project.install)]),
    ...(project.scripts.length === 0 ? [] : ["## Commands", commandTable(project)]),
    "## Layout",
    layout(project.paths),
    ...licenseSection(project),
  ];
  return `${sections.join("\n\n")}\n`;
}

function fenced(commands: readonly string[]): string {
  return `${"```"}sh\n${commands.join("\n")}\n${"```"}`;
}

function commandTable({ scripts }: Project): string {
  const rows = scripts.map(({ command, runs }) => `| ${code(command)} | ${code(runs)} |`);
  return ["| Command | Runs |", "| --- | --- |", ...rows].join("\n");
}

function layout(paths: readonly string[]): string {
  const folders = new Map<string, number>();
  const files: string[] = [];
  for (const path of paths) {
    const slash = path.indexOf("/");
    if (slash === -1) files.push(path);
    else folders.set(path.slice(0, slash), (folders.get(path.slice(0, slash)) ?? 0) + 1);
  }
  const lines = [
    ...[...folders].map(([folder, amount]) => `- ${code(`${folder}/`)}: ${count(amount, "file")}`),
    ...files.map((file) => `- ${code(file)}`),
  ];
  const rest = lines.length - MAX_ENTRIES;
  return [...lines.slice(0, MAX_ENTRIES), ...(rest > 0 ? [`- and ${rest} more`] : [])].join("\n");
}

function licenseSection(project: Project): readonly string[] {
  const file = project.paths.find((path) => /^(licen[cs]e|copying)(\.\w+)?$/i.test(path));
  if (project.license === undefined && file === undefined) return [];
  const link = file === undefined ? "" : `[${escaped(file)}](${encodeURI(file)})`;
  if (project.license === undefined) return ["## License", `See ${link}.`];
  return ["## License", `${escaped(project.license)}${link === "" ? "" : `, see ${link}`}.`];
}

/** Text of a manifest as plain Markdown text: no markup or HTML of its own. */
function escaped(text: string): string {
  return text.replace(/[\\`*_[\]<>#|]/g, "\\$&");
}

/** A code span on one line; a pipe would end a table cell. */
function code(text: string): string {
  const flat = text.replace(/\s+/g, " ").slice(0, 200).replaceAll("|", "\\|");
  return flat.includes("`") ? `${"``"} ${flat} ${"``"}` : `\`${flat}\``;
}
