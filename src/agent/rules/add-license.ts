/** Rule: add a license file, the one asked for or the one the manifest names. */
import type { AgentTask } from "../agent.ts";
import { type Cursor, createCursor } from "./cursor.ts";
import { LICENSES, type License, licenseById } from "./licenses/texts.ts";
import { type Project, readProject } from "./project/project.ts";
import { already, failed, type Plan, type Rule, type RuleRun, refused } from "./rule.ts";
import { writeFile } from "./steps.ts";
import { listed, oneLine, quote, subject } from "./wording.ts";

const VERBS = ["add", "create", "write", "generate", "make", "use", "put"];
const FILLERS = new Set("me us a an the new standard open source open-source".split(" "));
const TAIL = new Set(
  "file for to this the my our project repository repo codebase in at root of it text".split(" "),
);
const HOLDER_TAIL = new Set("copyright holder owner the is as with".split(" "));

interface Draft {
  license: License | undefined;
  holder: string | undefined;
  /** A license by a name this agent has no text for. */
  unknown: string | undefined;
}

/** The rule needs a clock: most licenses state the year. */
export function createAddLicenseRule(now: () => Date): Rule {
  return {
    name: "add_license",
    examples: ["Add an MIT license", "Add a LICENSE file"],
    plan(instruction) {
      const draft: Draft = { license: undefined, holder: undefined, unknown: undefined };
      if (!readAddLicense(createCursor(instruction.tokens), draft)) return undefined;
      if (draft.unknown !== undefined) {
        return refused(
          `There is no text here for the license ${quote(draft.unknown)}; known are ${listed(
            LICENSES.map(({ id }) => id),
            9,
          )}.`,
        );
      }
      return ready(draft, now);
    },
  };
}

function ready({ license, holder }: Draft, now: () => Date): Plan {
  return { kind: "ready", run: (task) => addLicense(task, license, holder, now().getUTCFullYear()) };
}

/** `add an MIT license`, `license this project under Apache-2.0`. */
function readAddLicense(cursor: Cursor, draft: Draft): boolean {
  const verb = cursor.word(...VERBS, "license");
  if (verb === undefined) return false;
  if (verb !== "license") {
    cursor.skip(FILLERS);
    draft.license = readLicense(cursor);
    const before = cursor.position();
    if (!readNoun(cursor) && draft.license === undefined) return readUnknown(cursor, draft, before);
  }
  cursor.skip(TAIL);
  if (cursor.word("under", "with", "using") !== undefined) cursor.skip(FILLERS);
  cursor.mark(":(");
  draft.license ??= readLicense(cursor);
  cursor.mark(")");
  readNoun(cursor);
  cursor.skip(TAIL);
  readHolder(cursor, draft);
  return cursor.done() && (verb !== "license" || draft.license !== undefined);
}

function readNoun(cursor: Cursor): boolean {
  return cursor.word("license", "licence", "license.md", "license.txt", "licence.md") !== undefined;
}

/** `add a GPL license`: the kind of instruction is clear, the license is not one of ours. */
function readUnknown(cursor: Cursor, draft: Draft, start: number): boolean {
  cursor.reset(start);
  const words: string[] = [];
  for (let token = cursor.next(); token?.kind === "word" && words.length < 4; token = cursor.next()) {
    if (/^licen[cs]e$/i.test(token.text)) {
      draft.unknown = words.join(" ");
      return words.length > 0;
    }
    words.push(token.text);
  }
  return false;
}

function readLicense(cursor: Cursor): License | undefined {
  if (cursor.word("mit", "expat") !== undefined) return licenseById("MIT");
  if (cursor.word("isc") !== undefined) return licenseById("ISC");
  if (cursor.word("unlicense", "public-domain") !== undefined) return licenseById("Unlicense");
  if (cursor.word("bsd-3-clause", "bsd-3", "bsd3") !== undefined) return licenseById("BSD-3-Clause");
  if (cursor.word("apache-2.0", "apache-2", "apache2") !== undefined) return licenseById("Apache-2.0");
  const start = cursor.position();
  if (cursor.word("apache") !== undefined) {
    readNoun(cursor);
    cursor.mark(",");
    cursor.word("version", "v");
    cursor.word("2.0", "2", "v2", "v2.0");
    return licenseById("Apache-2.0");
  }
  const clauses = cursor.word("3-clause") !== undefined;
  if (cursor.word("bsd") !== undefined) {
    if (clauses || cursor.word("3-clause") !== undefined || cursor.phrase("3", "clause")) {
      return licenseById("BSD-3-Clause");
    }
  }
  cursor.reset(start);
  return undefined;
}

/** `for "Jane Doe"`, `with copyright holder "Jane Doe"`. */
function readHolder(cursor: Cursor, draft: Draft): void {
  cursor.mark(",");
  cursor.word("for", "by");
  cursor.skip(HOLDER_TAIL);
  cursor.mark(":");
  if (cursor.peek()?.kind === "quoted") draft.holder = cursor.literal();
}

async function* addLicense(
  task: AgentTask,
  asked: License | undefined,
  named: string | undefined,
  year: number,
): RuleRun {
  const project = await readProject(task.workspace, task.repository);
  const existing = project.paths.find((path) => /^(un)?licen[cs]e([.-]\w+)*$|^copying(\.\w+)?$/i.test(path));
  if (existing !== undefined)
    return already(`The repository has a license already (${existing}); it was left as it is.`);
  const declared = project.license === undefined ? undefined : licenseById(project.license);
  if (asked === undefined && project.license !== undefined && declared === undefined) {
    return failed(
      `The manifest names the license ${quote(project.license)}, which this agent has no text for; ask for one of ${listed(
        LICENSES.map(({ id }) => id),
        9,
      )} by name.`,
    );
  }
  const license = asked ?? declared ?? licenseById("MIT") ?? LICENSES[0];
  if (license === undefined) return failed("There is no license to choose from.");
  const { holder, reason } = holderOf(named, project);
  const written = yield* writeFile(task, "LICENSE", license.text(year, holder));
  if (!written.ok) return failed(written.reason);
  const because = asked === undefined && declared !== undefined ? ", which the manifest names" : "";
  const other =
    declared !== undefined && declared !== license ? [`The manifest still names ${declared.id}.`] : [];
  const notice = license.text(year, holder).includes(holder)
    ? [`The copyright holder is ${holder}, ${reason}.`]
    : [];
  return {
    status: "edited",
    title: subject(`Add the ${license.title}`),
    summary: [`Added LICENSE with the text of the ${license.title}${because}.`, ...notice, ...other],
  };
}

function holderOf(named: string | undefined, project: Project): { holder: string; reason: string } {
  if (named !== undefined && named.trim() !== "")
    return { holder: oneLine(named, 100), reason: "as the prompt says" };
  if (project.author !== undefined)
    return { holder: oneLine(project.author, 100), reason: "the author in the manifest" };
  const holder = project.name === undefined ? "The authors" : `The ${oneLine(project.name, 80)} authors`;
  return { holder, reason: "because no manifest names an author" };
}
