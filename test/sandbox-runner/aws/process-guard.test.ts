/** The function's guard against what commands leave running, as a user of its own: how it gets on with itself. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { canRunFunction, makeFunctionFolder } from "../../support/lambda/function-folder.ts";

const UID = 180_000 + (process.pid % 10_000);

/** Prints how a process ended that was started once everything had been ended, while an earlier ending was left alone. */
const SCRIPT = `
import { spawn } from "node:child_process";
import { once } from "node:events";
const { createProcessGuard } = await import(process.argv[1]);
const guard = createProcessGuard();
const signals = [];
for (let round = 0; round < 20; round += 1) {
  const command = spawn("sleep", ["1000"]);
  void guard.endOthers();
  await once(command, "exit");
  await guard.endOthers();
  const [, signal] = await once(spawn("sleep", ["0.02"]), "exit");
  signals.push(signal);
}
console.log(JSON.stringify(signals));
`;

test.skipIf(!canRunFunction)(
  "what is started once everything else has ended is left alone, also when it was ended twice",
  async () => {
    await using folder = await makeFunctionFolder();
    const guard = join(folder.path, "sandbox-runner/lambda/process-guard.ts");
    const child = spawn(folder.node, ["--input-type=module", "--eval", SCRIPT, guard], {
      uid: UID,
      gid: UID,
      cwd: folder.path,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    expect(await text(child.stdout)).toBe(`${JSON.stringify(Array.from({ length: 20 }, () => null))}\n`);
    expect(await exited).toEqual([0, null]);
  },
);
