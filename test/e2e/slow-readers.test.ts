/** Attack 12: readers that never read cost neither the run nor the process anything, and may come back. */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { expect, test } from "vitest";
import { bundleWorker } from "../../bench/bundle.ts";
import { writeScript } from "../../bench/fan-out-script.ts";
import { createApi } from "../support/api.ts";
import { type Frame, framesIn, textOf } from "../support/frames.ts";
import { startGate } from "../support/gate.ts";
import { memoryOf, resetPeak } from "../support/process-memory.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { SERVICE_OBJECTS, startWorkerd } from "../support/workerd.ts";

const STALLED = 50;
const SCRIPT = { characters: 1000, burst: 50 };
/** 10 MB: fifty queues of it would be half a gigabyte, and the buffers on the way do not take one. */
const EVENTS = 8_000;
const MOST_GROWTH_MIB = 100;

test("attack 12: with 50 stalled readers the run finishes, memory stays flat, and a late one misses nothing", async () => {
  const script = bundleWorker(new URL("../../bench/fan-out-worker.ts", import.meta.url));
  await using folder = await temporaryFolder();
  const workerd = await startWorkerd({ folder: folder.path, script, objects: SERVICE_OBJECTS });
  const gate = await startGate();
  const stalled: IncomingMessage[] = [];
  try {
    const api = createApi(workerd.url, {});
    const start = (events: number, wait: object = {}) =>
      api.start({ repoUrl: "https://github.com/o/r", prompt: writeScript({ ...SCRIPT, events, ...wait }) });
    const warm = await start(EVENTS);
    await api.ended(warm.id);
    await api.log(warm.id);

    const { id } = await start(EVENTS, { gate: gate.url });
    for (let i = 0; i < STALLED; i++)
      stalled.push(await openAndNeverRead(`${workerd.url}/runs/${id}/events`));
    const before = memoryOf(workerd.pid).now;
    resetPeak(workerd.pid);
    gate.open();
    expect(await api.ended(id, 60_000)).toMatchObject({ last_event_id: EVENTS + 2 });
    expect(memoryOf(workerd.pid).peak - before).toBeLessThan(MOST_GROWTH_MIB);

    const [late] = stalled;
    if (late === undefined) throw new Error("nobody is stalled");
    const seen: Frame[] = [...(await readOn(late))];
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.length).toBeLessThan(EVENTS);
    await until("the late reader has everything", async () => {
      seen.push(...framesIn(await (await api.call(`/runs/${id}/events?after=${seen.length}`)).text()));
      return seen.length >= EVENTS + 2;
    });
    expect(textOf(seen) === (await api.log(id))).toBe(true);
    expect(workerd.complaints()).toBe("");
  } finally {
    for (const response of stalled) response.destroy();
    await workerd.kill();
    gate.close();
  }
});

/** An open stream of which only the headers are read, and what fits into the buffers on the way. */
async function openAndNeverRead(url: string): Promise<IncomingMessage> {
  const asked = request(url, { agent: false }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  return response;
}

/** Whole frames of what a stalled reader still gets. */
async function readOn(response: IncomingMessage): Promise<readonly Frame[]> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) text += chunk as string;
  return framesIn(text);
}
