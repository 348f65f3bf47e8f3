/** The demo's forge and Worker, stopped in the middle of a run. */
import { describe, expect, it } from "vitest";
import { sendPrompt } from "./client.ts";
import { createPlainDisplay } from "./display-plain.ts";
import { exampleRepository } from "./repository.ts";
import { setStage } from "./stage.ts";

describe("the demo's stage", () => {
  it("ends when it is told to while the forge still owes an answer", async () => {
    const stopping = new AbortController();
    const display = createPlainDisplay(() => undefined);
    const stage = await setStage(await exampleRepository(), display, stopping.signal);
    const { forge, repoUrl, workerUrl } = stage;
    const hold = forge.faults.add({
      match: { service: "upload-pack", method: "POST" },
      action: { hold: new Promise(() => undefined) },
    });
    const seen: string[] = [];
    const run = (async () => {
      const prompt = "Add error handling";
      for await (const event of sendPrompt(workerUrl, { repoUrl, prompt }, stopping.signal))
        seen.push(event.type);
    })();
    await hold.reached();
    stopping.abort();
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    await stage[Symbol.asyncDispose]();
    expect(seen).not.toContain("done");
    await expect(fetch(forge.url)).rejects.toThrow("fetch failed");
    await expect(fetch(workerUrl)).rejects.toThrow("fetch failed");
  });
});
