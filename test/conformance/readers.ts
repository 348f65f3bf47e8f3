/** Reading a run's events: from anywhere, by anybody who may, while it runs and after. */
import { expect, test } from "vitest";
import { framesIn, textOf } from "../support/frames.ts";
import { until } from "../support/until.ts";
import { REPLACE } from "./expected-events.ts";
import { hold, type Shared } from "./shared.ts";

export function readerTests(deployment: Shared): void {
  test("from every position the rest of the log is sent, to the byte, and 204 when nothing is left", async () => {
    const { caller, repository } = deployment();
    const api = caller();
    const { url } = await repository();
    const response = await api.stream({ repoUrl: url, prompt: REPLACE });
    const id = response.headers.get("x-run-id") ?? "";
    const frames = framesIn(await response.text());
    for (const after of frames.map((_, i) => i)) {
      const rest = textOf(frames.slice(after));
      const last = { "last-event-id": String(after) };
      const byHeader = await (await api.call(`/runs/${id}/events`, { headers: last })).text();
      const byQuery = await (await api.call(`/runs/${id}/events?after=${after}`)).text();
      expect([after, textOf(framesIn(byHeader)), textOf(framesIn(byQuery))]).toEqual([after, rest, rest]);
    }
    const end = { "last-event-id": String(frames.length) };
    for (const ended of [
      await api.call(`/runs/${id}/events`, { headers: end }),
      await api.call(`/runs/${id}/events?after=${frames.length}`),
    ]) {
      expect([ended.status, await ended.text()]).toEqual([204, ""]);
    }
    for (const after of [`${frames.length + 1}`, "-1", "x", "1.5", "99999999999999999999"]) {
      const beyond = await api.call(`/runs/${id}/events?after=${after}`);
      expect([after, beyond.status, await beyond.json()]).toMatchObject([
        after,
        400,
        { error: { code: "invalid_request" } },
      ]);
    }
  });

  test("readers that come at different times get the same bytes, live", async () => {
    const { caller, repository, forge } = deployment();
    const api = caller();
    const hosted = await repository();
    using first = hold(forge, hosted, { service: "upload-pack" });
    using second = hold(forge, hosted, { service: "receive-pack" });
    const starter = await api.stream({ repoUrl: hosted.url, prompt: REPLACE });
    const id = starter.headers.get("x-run-id") ?? "";
    await first.reached();
    const early = await api.call(`/runs/${id}/events`);
    first.release();
    await second.reached();
    const late = await api.call(`/runs/${id}/events`);
    const { last_event_id } = await until("there are events", async () => {
      const view = await api.view(id);
      return view.last_event_id > 3 && view;
    });
    const resumed = await api.call(`/runs/${id}/events`, {
      headers: { "last-event-id": String(last_event_id - 2) },
    });
    second.release();
    const [whole, ...others] = await Promise.all([starter, early, late].map((response) => response.text()));
    const frames = framesIn(whole ?? "");
    expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, i) => i + 1));
    for (const other of others) expect(textOf(framesIn(other))).toBe(textOf(frames));
    expect(textOf(framesIn(await resumed.text()))).toBe(textOf(frames.slice(last_event_id - 2)));
    expect(await api.log(id)).toBe(textOf(frames));
  });
}
