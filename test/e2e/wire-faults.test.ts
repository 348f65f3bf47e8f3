/** Attack 22, vendors that fail in every way there is, and models that do what they should not: each run ends as it should. */
import { describe, expect, test } from "vitest";
import { allCases, ENDINGS, expectedOf, sampleCases } from "../endurance/fault-cases.ts";
import { wireFaults } from "../endurance/wire-faults.ts";
import { ALL, FINISH, modelWork, type Running, TURNS } from "../support/model-work.ts";
import { faultsOf } from "../support/models/faults.ts";
import { PROTOCOLS, type ScriptedCall, type Turn } from "../support/models/turn.ts";
import { createRandom } from "../support/random.ts";

const SEED = 20_261_122;
const LANES = 24;

test("every fault of every protocol, somewhere: npm run endurance -- --only wire-faults has them everywhere", async () => {
  const cases = sampleCases(createRandom(SEED));
  const { endings, problems } = await wireFaults(cases, LANES);
  expect(problems).toEqual([]);
  const wanted = PROTOCOLS.map((protocol) => {
    const own = cases.filter((one) => one.protocol === protocol).map((one) => expectedOf(one).ending);
    return [
      protocol,
      Object.fromEntries(ENDINGS.map((end) => [end, own.filter((one) => one === end).length])),
    ];
  });
  expect(endings).toEqual(Object.fromEntries(wanted));
}, 300_000);

test.each(PROTOCOLS)("%s has 60 faults and more, each in eight places", (protocol) => {
  const cases = allCases().filter((one) => one.protocol === protocol);
  expect(faultsOf(protocol).length).toBeGreaterThan(60);
  expect(new Set(cases.map(({ name }) => name)).size).toBe(8 * faultsOf(protocol).length);
  expect(new Set(cases.map((one) => expectedOf(one).ending)).size).toBe(ENDINGS.length);
});

const { run } = modelWork("responses", "chat");

/** Calls that cannot be carried out, and what the model is told of each. */
const WRONG: readonly (readonly [call: ScriptedCall, told: RegExp])[] = [
  [
    { name: "read_file", arguments: { path: "READNE.md" } },
    /^There is no file "READNE\.md".+ Similar: "README\.md"\.$/,
  ],
  [
    { name: "edit_file", arguments: { path: "src/absent.ts", old_text: "a", new_text: "b" } },
    /^There is no file "src\/absent\.ts"/,
  ],
  [
    { name: "edit_file", arguments: { path: "README.md", old_text: "Halo", new_text: "b" } },
    /^old_text is not in "README\.md"\. Nothing was changed\. The nearest is in lines 1 to 3/,
  ],
  [{ name: "delete_file", arguments: { path: "absent.txt" } }, /^There is no file or folder "absent\.txt"/],
  [
    { name: "write_file", arguments: { path: "../outside.txt", content: "x" } },
    /^The path "\.\.\/outside\.txt" has a "\.\." in it\./,
  ],
  [
    { name: "write_file", arguments: { path: "/etc/passwd", content: "x" } },
    /^The path "\/etc\/passwd" is absolute/,
  ],
  [
    { name: "write_file", arguments: { path: ".git/config", content: "x" } },
    /^The path "\.git\/config" leads into git's own folder\./,
  ],
  [
    { name: "write_file", arguments: { path: "a\\..\\..\\x", content: "x" } },
    /^The path "a.+" has a backslash/,
  ],
  [
    { name: "move_file", arguments: { from: "README.md", to: "../README.md" } },
    /^The path "\.\.\/README\.md" has a "\.\." in it\./,
  ],
  [
    { name: "write_file", arguments: '{"path": "a.txt", "content": "no end' },
    /^The arguments are not valid JSON: .+ cut off/,
  ],
  [
    { name: "write_file", arguments: { path: "a.txt" } },
    /^The arguments do not fit write_file:\n- content is missing/,
  ],
  [
    { name: "run_command", arguments: { command: "env" } },
    /^There is no tool "run_command"\. The tools are list_files, /,
  ],
];

describe.concurrent("a model that does what it cannot", () => {
  test.each([
    ["responses", "responses", "openai"],
    ["chat", "chat", "openai"],
    ["messages", "chat", "anthropic"],
  ] as const)("over %s is told so, and may go on", async (protocol, where, llm_provider) => {
    const wrong: Turn = { calls: [...WRONG.map(([call]) => call), ...(FINISH.calls ?? [])] };
    const script: Running["script"] = ({ turn }) => (turn === 2 ? wrong : TURNS[turn < 2 ? turn : turn - 1]);
    const { events, requests, done, files, pull } = await run({ where, script, body: { llm_provider } });
    const results = requests[3]?.view?.results.map(({ text }) => text) ?? [];
    const told = WRONG.map(([, says], index) => says.test(results[index] ?? "") || results[index]);
    expect(told).toEqual(WRONG.map(() => true));
    // an edit before it was not made
    expect(results.slice(WRONG.length)).toEqual([expect.stringMatching(/^Not finished: /)]);
    const errors = events.filter((event) => event.type === "tool" && event.status === "error");
    expect(errors).toHaveLength(WRONG.length);
    expect([done.status, done.usage.turns, files, pull?.draft]).toEqual(["succeeded", 5, ALL, false]);
    expect(new Set(requests.map((request) => request.protocol))).toEqual(new Set([protocol]));
  });
});
