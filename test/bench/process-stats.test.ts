import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { readTimes } from "../../bench/native.ts";
import { cpuBetween, cpuSnapshot, memoryOf, resetPeak } from "../../bench/process-stats.ts";

/** Uses 300 ms of CPU, then prints how many milliseconds it used in all. */
const BUSY_SCRIPT = `
  const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
  while (used() < 300);
  process.stdout.write("used " + used());
`;

/** What the system says about this process itself (getrusage(2)), in milliseconds. */
function usedMs(work: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(work);
  return (user + system) / 1000;
}

test("CPU time read from outside is what the process itself is told", () => {
  const before = cpuSnapshot(process.pid);
  const own = process.cpuUsage();
  while (usedMs(own) < 200);
  const measured = cpuBetween(before, cpuSnapshot(process.pid));
  expect(measured / usedMs(own)).toBeGreaterThan(0.8);
  expect(measured / usedMs(own)).toBeLessThan(1.2);
});

test("threads that have ended count too", async () => {
  const before = cpuSnapshot(process.pid);
  const own = process.cpuUsage();
  const worker = new Worker("while (process.threadCpuUsage().user < 300_000);", { eval: true });
  await once(worker, "exit");
  const measured = cpuBetween(before, cpuSnapshot(process.pid));
  expect(measured / usedMs(own)).toBeGreaterThan(0.8);
  expect(measured / usedMs(own)).toBeLessThan(1.2);
});

test("a shell's times hold what its children used", async () => {
  const script =
    'began=$EPOCHREALTIME; used=$("$NODE" -e "$SCRIPT"); echo "$began $EPOCHREALTIME $used"; times';
  const env = { NODE: process.execPath, SCRIPT: BUSY_SCRIPT, LC_ALL: "C" };
  const child = spawn("bash", ["-c", script], { env });
  const [output] = await Promise.all([text(child.stdout), once(child, "close")]);
  const own = Number(/used ([\d.]+)/.exec(output)?.[1]);
  expect(readTimes(output).cpuMs / own).toBeGreaterThan(0.95);
  expect(readTimes(output).cpuMs / own).toBeLessThan(1.3);
});

test("a peak is remembered after the memory is let go, until it is reset", () => {
  resetPeak(process.pid);
  const before = memoryOf(process.pid);
  let held: Uint8Array | undefined = new Uint8Array(64 * 1024 * 1024).fill(1);
  expect(held.byteLength).toBeGreaterThan(0);
  held = undefined;
  const grown = memoryOf(process.pid).peakKb - before.residentKb;
  expect(grown).toBeGreaterThan(60 * 1024);
  expect(grown).toBeLessThan(128 * 1024);
});
