/** That the hostile programs' endurance run counts what it should; the programs themselves run elsewhere. */
import { expect, test } from "vitest";
import type { HostileProgram } from "../sandbox-runner/hostile/program.ts";
import { HAS_ENGINE } from "../support/runner-process.ts";
import { hostile } from "./hostile.ts";

const CONTAINED: HostileProgram = {
  name: "nothing bad",
  language: "sh",
  source: "echo fine >fine",
  ends: ["exited"],
  changes: { added: ["fine"] },
  sandbox: "lives",
};
const OUT: HostileProgram = {
  name: "a program that got through",
  language: "sh",
  source: "echo ESCAPED; exit 3",
  ends: ["timed_out"],
  changes: { added: ["loot"] },
  sandbox: "lives",
};

test.skipIf(!HAS_ENGINE)(
  "a program that is not contained would be found",
  async () => {
    const result = await hostile({ programs: [CONTAINED, OUT], rounds: 1 });
    expect(result).toMatchObject({ contained: 1, tries: 2 });
    const found = result.problems.filter((problem) => problem.includes("round"));
    expect(found).toEqual(
      ["it ended exited", "it got through", 'its output: "ESCAPED\\n"', "added is []"].map(
        (problem) => `${OUT.name}, round 1: ${problem}`,
      ),
    );
    expect([result.kills.length, result.stops.length]).toEqual([2, 0]);
  },
  120_000,
);
