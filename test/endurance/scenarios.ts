/** Jobs for the endurance runs: what the service can be asked for, and what the outside looks like afterwards. */
import type { DoneStatus } from "../../src/run/events.ts";
import type { Api, CodeBody } from "../support/api.ts";
import type { Deployment, Hosted } from "../support/deployment.ts";
import type { Files } from "../support/forge/import.ts";
import { SERVICE_LOGIN } from "../support/service.ts";
import { MODEL_PROMPTS } from "./model-jobs.ts";

export interface Scenario {
  readonly name: string;
  /** Whose repository it is: the service's own, or somebody's where it may not push. */
  readonly owner: typeof SERVICE_LOGIN | "upstream";
  readonly files: Files;
  readonly body: CodeBody;
  /** Instructions that go on with the branch, one after the other. */
  readonly followUps: readonly string[];
  /** How each of its runs ends. */
  readonly ends: DoneStatus;
}

const PLAIN: Files = { "a.txt": "one\n", "b/c.txt": "c\n" };

const source = (name: string): string =>
  `import json\n\n\ndef ${name}(path):\n    with open(path) as file:\n        return json.load(file)\n`;

const LIBRARY: Files = Object.fromEntries([
  ["README.md", "# Library\n\nAn old word.\n"],
  ...Array.from({ length: 12 }, (_, i) => [`src/part${i}.py`, source(`read_${i}`)] as const),
]);

const REPLACE = 'Replace "one" with "two" in a.txt';
/** One instruction a line: each is a step of its own for the agent. */
const MANY = [
  'Replace "old" with "new" in README.md',
  "Add error handling to src/part3.py",
  "Rename src/part1.py to src/first.py",
  'Create docs/guide.md containing "A guide."',
  "Delete src/part2.py",
  "Add a .gitignore",
  'Replace "json.load" with "json.loads" everywhere',
].join("\n");

const mine = { owner: SERVICE_LOGIN, files: PLAIN, followUps: [], ends: "succeeded" } as const;
const theirs = { ...mine, owner: "upstream" } as const;

export const SCENARIOS: readonly Scenario[] = [
  { ...mine, name: "one replacement", body: { prompt: REPLACE } },
  { ...mine, name: "many instructions", files: LIBRARY, body: { prompt: MANY } },
  { ...theirs, name: "through a fork", body: { prompt: REPLACE } },
  { ...mine, name: "a branch only", files: LIBRARY, body: { prompt: MANY, mode: "branch" } },
  { ...mine, name: "a patch only", files: LIBRARY, body: { prompt: MANY, mode: "patch" } },
  { ...mine, name: "a draft", body: { prompt: REPLACE, draft: true } },
  {
    ...mine,
    name: "nothing to do",
    body: { prompt: 'Replace "absent" with "x" in a.txt' },
    ends: "no_changes",
  },
  {
    ...mine,
    name: "two follow-ups",
    body: { prompt: REPLACE },
    followUps: ['Replace "two" with "three" in a.txt', "Create d/e.txt containing: e"],
  },
  {
    ...theirs,
    name: "a follow-up in a fork",
    files: LIBRARY,
    body: { prompt: MANY },
    followUps: ["Delete src/part4.py"],
  },
  {
    ...mine,
    name: "a follow-up on a branch",
    body: { prompt: REPLACE, mode: "branch" },
    followUps: ['Replace "c" with "d" in b/c.txt'],
  },
  {
    ...mine,
    name: "a model's work",
    files: LIBRARY,
    body: { prompt: MODEL_PROMPTS.long, use_llm: true },
  },
  {
    ...mine,
    name: "a model that is stopped",
    files: LIBRARY,
    body: { prompt: MODEL_PROMPTS.unfinished, use_llm: true, limits: { max_turns: 3 } },
    ends: "limit_reached",
  },
  {
    ...theirs,
    name: "a model after an outage, with a follow-up in a fork",
    files: LIBRARY,
    body: { prompt: MODEL_PROMPTS.broken, use_llm: true },
    followUps: [MODEL_PROMPTS.next],
  },
];

/**
 * What a chain of runs left behind, without what differs from run to run: equal for every time the
 * scenario is carried out, however often it is interrupted.
 */
export async function outcomeOf(
  { forge }: Deployment,
  api: Api,
  hosted: Hosted,
  ids: readonly string[],
): Promise<unknown> {
  const views = await Promise.all(ids.map((id) => api.view(id)));
  const patches = await Promise.all(ids.map(async (id) => (await api.call(`/runs/${id}/patch`)).text()));
  const carriers = forge.repositories().filter(({ name }) => name === hosted.name);
  const branches = await Promise.all(
    carriers.map(async (repository) => {
      const format = "--format=%(refname:short) %(tree)";
      const lines = (await repository.git("for-each-ref", format, "refs/heads")).split("\n");
      const made = lines.filter((line) => !line.startsWith(`${repository.defaultBranch} `));
      return await Promise.all(
        made.map(async (line) => {
          const [branch = "", tree] = line.split(" ");
          const range = `${repository.defaultBranch}..${branch}`;
          const commits = await repository.git("rev-list", "--count", range);
          return { owner: repository.owner, tree, commits, told: branch === views.at(-1)?.branch };
        }),
      );
    }),
  );
  return {
    runs: views.map(({ status, changes }) => ({ status, changes })),
    patches,
    branches: branches.flat(),
    pullRequests: hosted.pullRequests.map(({ title, draft, state, headRepository, author }) => ({
      title,
      draft,
      state,
      author,
      headOwner: headRepository.split("/")[0],
    })),
  };
}
