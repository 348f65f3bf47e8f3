/** Runs in a process are woken at their time, one at a time each, and again when that failed. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createAlarms } from "../../../src/run/process/alarms.ts";

const START = Date.UTC(2026, 10, 1);
const MONTH_MS = 30 * 24 * 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Alarms whose wakings are kept, and last until they are let go when `lasting`. */
function alarmsOf({ lasting = false, failing = 0 } = {}) {
  const woken: string[] = [];
  const reports: string[] = [];
  const gates: (() => void)[] = [];
  let failures = failing;
  const alarms = createAlarms(
    async (id) => {
      woken.push(`${id} at ${Date.now() - START}`);
      if (failures-- > 0) throw new Error("no");
      if (lasting) await new Promise<void>((resolve) => gates.push(resolve));
    },
    (error, where) => reports.push(`${where}: ${String(error)}`),
  );
  return { alarms, woken, reports, letGo: () => gates.shift()?.() };
}

test("a run is woken at its time, and at once when that has passed", async () => {
  const { alarms, woken } = alarmsOf();
  alarms.set("a", START + 50);
  alarms.set("b", START - 1000);
  await vi.advanceTimersByTimeAsync(49);
  expect(woken).toEqual(["b at 0"]);
  await vi.advanceTimersByTimeAsync(1);
  expect(woken).toEqual(["b at 0", "a at 50"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a later alarm of a run replaces the one before, earlier or not", async () => {
  const { alarms, woken } = alarmsOf();
  alarms.set("a", START + 50);
  alarms.set("a", START + 200);
  alarms.set("b", START + 200);
  alarms.set("b", START + 50);
  await vi.advanceTimersByTimeAsync(1000);
  expect(woken).toEqual(["b at 50", "a at 200"]);
});

test("a run that is awake is not woken twice: its alarm waits, the newest alone", async () => {
  const { alarms, woken, letGo } = alarmsOf({ lasting: true });
  alarms.set("a", START);
  await vi.advanceTimersByTimeAsync(0);
  alarms.set("a", START + 10);
  alarms.set("a", START + 20);
  alarms.set("b", START + 5);
  await vi.advanceTimersByTimeAsync(100);
  expect(woken).toEqual(["a at 0", "b at 5"]);
  letGo();
  await vi.advanceTimersByTimeAsync(0);
  expect(woken).toEqual(["a at 0", "b at 5", "a at 100"]);
});

test("a waking that failed is reported and comes again", async () => {
  const { alarms, woken, reports } = alarmsOf({ failing: 2 });
  alarms.set("a", START);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(woken).toEqual(["a at 0", "a at 2000", "a at 4000"]);
  expect(reports).toEqual(["waking run a: Error: no", "waking run a: Error: no"]);
});

test("what is further away than a timer can count is not woken early", async () => {
  const { alarms, woken } = alarmsOf();
  alarms.set("a", START + MONTH_MS);
  await vi.advanceTimersByTimeAsync(MONTH_MS - 1);
  expect(woken).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(woken).toEqual([`a at ${MONTH_MS}`]);
});

test("nothing is woken after the alarms were closed, not even what a run sets as it ends", async () => {
  const { alarms, woken, letGo } = alarmsOf({ lasting: true });
  alarms.set("a", START);
  alarms.set("b", START + 50);
  await vi.advanceTimersByTimeAsync(0);
  alarms.set("a", START + 10);
  alarms.close();
  letGo();
  alarms.set("c", START);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(woken).toEqual(["a at 0"]);
  expect(vi.getTimerCount()).toBe(0);
});
