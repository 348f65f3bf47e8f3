/** The fan-out bench's two sides send the same events, and its readers count every one of them. */
import { expect, test } from "vitest";
import { bundleWorker } from "../../bench/bundle.ts";
import { startReaders } from "../../bench/fan-out-process.ts";
import { writeScript } from "../../bench/fan-out-script.ts";
import { createApi } from "../support/api.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { SERVICE_OBJECTS, startWorkerd } from "../support/workerd.ts";

const SCRIPT = { events: 500, characters: 100, burst: 50 };

test("a run and the bare stream have the same events, and every reader is counted to the last", async () => {
  await using folder = await temporaryFolder();
  await using readers = await startReaders();
  const script = bundleWorker(new URL("../../bench/fan-out-worker.ts", import.meta.url));
  const workerd = await startWorkerd({ folder: folder.path, script, objects: SERVICE_OBJECTS });
  try {
    const api = createApi(workerd.url, {});
    const body = writeScript(SCRIPT);
    const { id } = await api.start({ repoUrl: "https://github.com/o/r", prompt: body });
    const bare = await fetch(`${workerd.url}/bare`, { method: "POST", body });
    const texts = [(await api.log(id)).trimEnd(), (await bare.text()).trimEnd()];
    const [run, plain] = texts.map((text) => text.split("\n\n").map(dataOf));
    // The first says what it is, each in its own words.
    expect(run?.slice(1)).toEqual(plain?.slice(1));
    expect(run).toHaveLength(SCRIPT.events + 2);

    const waiting = writeScript({ ...SCRIPT, gate: readers.gate });
    const next = await api.start({ repoUrl: "https://github.com/o/r", prompt: waiting });
    const { port } = workerd;
    await readers.open({ port, method: "GET", path: `/runs/${next.id}/events` }, 7);
    expect(await readers.count(SCRIPT.events + 2, 1)).toMatchObject({ frames: 7 * (SCRIPT.events + 2) });
    await readers.close();
    await readers.open({ port, method: "POST", path: "/bare", body: waiting }, 7);
    expect(await readers.count(SCRIPT.events + 2, 7)).toMatchObject({ frames: 7 * (SCRIPT.events + 2) });
  } finally {
    await workerd.kill();
  }
});

/** What a frame carries but for the time. Hono writes its lines in another order. */
function dataOf(frame: string): unknown {
  const json = /^data: (.+)$/m.exec(frame)?.[1] ?? "null";
  return { ...JSON.parse(json), time: "" };
}
