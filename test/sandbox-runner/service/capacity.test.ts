import { describe, expect, test } from "vitest";
import { paths } from "../../../src/sandbox/wire.ts";
import { uploadTar } from "../../support/sandbox-runner.ts";
import { until } from "../../support/until.ts";
import { started } from "./started.ts";

async function gauge(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^sandbox_runner_${name} (\\S+)$`, "m").exec(text)?.[1]);
}

describe("places for sandboxes", () => {
  test("are not kept in the queue for who has left with most of an upload unsent", async () => {
    await using at = await started({ MAX_SANDBOXES: "1" });
    const { client, runner } = at;
    await client.create("process");
    const leaving = new AbortController();
    const body = uploadTar({ large: "x".repeat(700_000) });
    const path = "/v1/sandboxes?provider=process";
    const left = client.send("POST", path, { body, signal: leaving.signal });
    left.catch(() => {});
    const queued = () => gauge(runner.url, "sandboxes_queued");
    await until("it waits", async () => (await queued()) === 1);
    leaving.abort();
    await expect(left).rejects.toThrow("abort");
    await until("it does not any more", async () => (await queued()) === 0);
  });

  test("are given out in the order of asking, as others leave", async () => {
    await using at = await started({ MAX_SANDBOXES: "1" });
    const { client, runner } = at;
    const first = await client.create("process");
    const order: string[] = [];
    const queued = async (name: string) => {
      const { id } = await client.create("process");
      order.push(name);
      return id;
    };
    const second = queued("second");
    await until("one waits", async () => (await gauge(runner.url, "sandboxes_queued")) === 1);
    const third = queued("third");
    await until("two wait", async () => (await gauge(runner.url, "sandboxes_queued")) === 2);
    expect(order).toEqual([]);
    await client.destroy(first.id);
    await client.destroy(await second);
    await client.destroy(await third);
    expect(order).toEqual(["second", "third"]);
    expect(await gauge(runner.url, "sandboxes_active")).toBe(0);
  });

  test("are refused when the queue is full too", async () => {
    await using at = await started({ MAX_SANDBOXES: "1", MAX_QUEUE: "1" });
    const { client, runner } = at;
    const { id } = await client.create("process");
    const waiting = client.create("process");
    await until("one waits", async () => (await gauge(runner.url, "sandboxes_queued")) === 1);
    const refused = await client.send("POST", paths.sandboxes("process"), { body: uploadTar({}) });
    expect([refused.status, refused.headers.get("retry-after"), await refused.json()]).toEqual([
      503,
      "10",
      {
        error: {
          code: "at_capacity",
          message: "All sandboxes and the queue for them are taken.",
          retryable: true,
        },
      },
    ]);
    await client.destroy(id);
    await waiting;
  });

  test("are waited for so long and no longer", async () => {
    await using at = await started({ MAX_SANDBOXES: "1", QUEUE_TIMEOUT_SECONDS: "1" });
    const { client } = at;
    await client.create("process");
    await expect(client.create("process")).rejects.toThrow(
      /^503 .*at_capacity.*No sandbox became free within 1 seconds/,
    );
  });

  test("are not kept for those who stopped waiting, or whose sandbox could not be made", async () => {
    let broken = true;
    await using at = await started(
      { MAX_SANDBOXES: "1" },
      {
        around: (backend) => ({
          ...backend,
          create: (...options) =>
            broken ? Promise.reject(new Error("secret detail")) : backend.create(...options),
        }),
      },
    );
    const { client, runner } = at;
    await expect(client.create("process")).rejects.toThrow(
      '500 {"error":{"code":"internal","message":"The runner failed in a way it should not; its log says how.","retryable":true}}',
    );
    broken = false;
    const { id } = await client.create("process");
    const leaving = new AbortController();
    const left = client.send("POST", paths.sandboxes("process"), {
      body: uploadTar({}),
      signal: leaving.signal,
    });
    await until("one waits", async () => (await gauge(runner.url, "sandboxes_queued")) === 1);
    leaving.abort();
    await expect(left).rejects.toThrow("aborted");
    await until("nobody waits", async () => (await gauge(runner.url, "sandboxes_queued")) === 0);
    await client.destroy(id);
    await client.create("process");
    expect(await gauge(runner.url, "sandboxes_active")).toBe(1);
  });

  test("are free again when a caller goes away while its sandbox is made", async () => {
    const made = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    await using at = await started(
      { MAX_SANDBOXES: "1" },
      {
        around: (backend) => ({
          ...backend,
          async create(...options) {
            const sandbox = await backend.create(...options);
            made.resolve();
            await go.promise;
            return sandbox;
          },
        }),
      },
    );
    const { client, runner } = at;
    const leaving = new AbortController();
    const options = { body: uploadTar({ a: "" }), signal: leaving.signal };
    const left = client.send("POST", paths.sandboxes("process"), options);
    await made.promise;
    leaving.abort();
    await expect(left).rejects.toThrow("aborted");
    go.resolve();
    await until("the place is free", async () => (await gauge(runner.url, "sandboxes_active")) === 0);
    await client.create("process");
  });

  test("end with the runner: who waits is told, and commands end", async () => {
    await using at = await started({ MAX_SANDBOXES: "1" });
    const { client, runner } = at;
    const { id } = await client.create("process");
    const running = client.exec(id, "sleep 454545");
    const waiting = client.create("process").catch((error: Error) => error.message);
    await until("one waits", async () => (await gauge(runner.url, "sandboxes_queued")) === 1);
    await runner.close();
    expect((await running).end).toMatchObject({ ending: "sandbox_lost" });
    expect(await waiting).toMatch(/^503 .*at_capacity.*shutting down/);
  });
});
