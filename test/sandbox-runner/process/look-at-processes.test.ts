import { type ChildProcess, spawn } from "node:child_process";
import { expect, test } from "vitest";
import { lookAtProcesses } from "../../../sandbox-runner/src/process/look-at-processes.ts";

test("looks at each process once, and at those that start meanwhile", () => {
  const started: ChildProcess[] = [];
  const looked: number[] = [];
  try {
    const all = lookAtProcesses((pid) => {
      looked.push(pid);
      if (started.length < 5) started.push(spawn("/bin/sleep", ["60"]));
    });
    expect(all).toBe(true);
    expect(looked).toContain(process.pid);
    for (const { pid } of started) expect(looked).toContain(pid);
    expect(new Set(looked).size).toBe(looked.length);
  } finally {
    for (const child of started) child.kill("SIGKILL");
  }
});

test("says so when processes start faster than it can look", () => {
  const started = [spawn("/bin/sleep", ["60"], { stdio: "ignore" })];
  try {
    const all = lookAtProcesses((pid) => {
      // One more for each reading of the list.
      if (pid === started.at(-1)?.pid) started.push(spawn("/bin/sleep", ["60"], { stdio: "ignore" }));
    });
    expect(all).toBe(false);
  } finally {
    for (const child of started) child.kill("SIGKILL");
  }
});
