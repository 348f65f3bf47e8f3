import { describe, expect, test } from "vitest";
import { paths } from "../../../src/sandbox/wire.ts";
import { uploadTar } from "../../support/sandbox-runner.ts";
import { until } from "../../support/until.ts";
import { isRunning } from "../is-running.ts";
import { end, started } from "./started.ts";

async function answer(response: Response) {
  return { status: response.status, body: await response.json() };
}

function refusal(code: string, message: unknown, retryable = false) {
  return { error: { code, message, retryable } };
}

describe("the runner's API", () => {
  test("runs commands on uploaded files and hands out what they changed", async () => {
    await using at = await started();
    const { client } = at;
    const files = { "a.txt": "one\n", "b.txt": "two\n", "c.txt": "three\n", ".gitignore": "*.log\n" };
    const sandbox = await client.create("process", files);
    expect(sandbox).toEqual({
      id: expect.stringMatching(/^[a-z0-9]{32}$/),
      provider: "process",
      expires_at: expect.any(String),
      limits: {
        timeout_seconds: 300,
        memory_limit_mb: 1024,
        cpu_limit: expect.any(Number),
        output_bytes: 1_048_576,
      },
      network: "none",
    });
    const command = [
      "cat a.txt; echo oops >&2; echo more >>a.txt; rm b.txt",
      "touch new.sh x.log; chmod +x new.sh; exit 3",
    ].join("; ");
    expect(await client.exec(sandbox.id, command)).toEqual({
      stdout: "one\n",
      stderr: "oops\n",
      end: end({ exit_code: 3 }),
    });
    expect(await client.changes(sandbox.id)).toEqual({
      added: ["new.sh"],
      modified: ["a.txt"],
      deleted: ["b.txt"],
      skipped: [],
      contents: { "a.txt": "one\nmore\n", "new.sh*": "" },
    });
    await client.destroy(sandbox.id);
    await client.destroy(sandbox.id);
    expect(await answer(await client.send("GET", paths.changes(sandbox.id)))).toEqual({
      status: 410,
      body: refusal("sandbox_lost", "The sandbox was destroyed."),
    });
  });

  test("takes more files later, removes what they name first, and compares with what is there then", async () => {
    await using at = await started();
    const { client } = at;
    const { id } = await client.create("process", {
      "a.txt": "one",
      "old/b.txt": "two",
      ".gitignore": "a.log",
    });
    await client.exec(id, "echo changed >a.txt; touch a.log b.log");
    await client.put(id, { "a.txt": "changed\n", "run.sh*": "#!/bin/sh\ncat a.txt", ".gitignore": "b.log" }, [
      "old",
    ]);
    expect(await client.exec(id, "./run.sh; ls")).toEqual({
      stdout: "changed\na.log\na.txt\nb.log\nrun.sh\n",
      stderr: "",
      end: end(),
    });
    expect(await client.changes(id)).toEqual({
      added: ["a.log"],
      modified: [],
      deleted: [],
      skipped: [],
      contents: { "a.log": "" },
    });
  });

  test("tells exits, signals and timeouts apart, and the sandbox goes on", async () => {
    await using at = await started({ TIMEOUT_SECONDS: "1" });
    const { client } = at;
    const { id } = await client.create("process");
    const ends = [];
    for (const command of ["exit 0", "exit 7", "kill -TERM $$", "kill -KILL $$", "sleep 600"]) {
      ends.push(await client.exec(id, command));
    }
    ends.push(await client.exec(id, { command: "sleep 600", timeout_seconds: 3600 }));
    const timedOut = end({ ending: "timed_out", exit_code: null });
    expect(ends).toEqual(
      [
        end(),
        end({ exit_code: 7 }),
        end({ ending: "signaled", exit_code: 143, signal: "SIGTERM" }),
        end({ ending: "signaled", exit_code: 137, signal: "SIGKILL" }),
        timedOut,
        timedOut,
      ].map((last) => ({ stdout: "", stderr: "", end: last })),
    );
  });

  test("drops output past the limit and says so, and ends a command that does not stop writing", async () => {
    await using at = await started({ OUTPUT_LIMIT_BYTES: "1024" });
    const { client } = at;
    const { id } = await client.create("process");
    expect(await client.exec(id, "head -c 1024 /dev/zero | tr '\\0' x")).toEqual({
      stdout: "x".repeat(1024),
      stderr: "",
      end: end(),
    });
    expect(await client.exec(id, "head -c 2000 /dev/zero | tr '\\0' x; exit 4")).toEqual({
      stdout: "x".repeat(1024),
      stderr: "",
      end: end({ exit_code: 4, truncated: true }),
    });
    expect(await client.exec(id, "yes y | tr -d '\\n'")).toEqual({
      stdout: "y".repeat(1024),
      stderr: "",
      end: end({ ending: "output_limit", exit_code: null, truncated: true }),
    });
    expect((await client.exec(id, "echo on it goes")).stdout).toBe("on it goes\n");
  });

  test("sends output while the command runs", async () => {
    await using at = await started();
    const { client } = at;
    const { id } = await client.create("process");
    const seen = [];
    for await (const event of client.stream(
      id,
      "echo first; while [ ! -e go ]; do sleep 0.01; done; echo last",
    )) {
      seen.push(event);
      // Nothing but its own sandbox's folder could tell the command to go on.
      if (event.type === "output" && event.data === "first\n") {
        const refused = await client.send("POST", paths.exec(id), {
          body: JSON.stringify({ command: "touch go" }),
        });
        expect(await answer(refused)).toEqual({
          status: 409,
          body: refusal("sandbox_in_use", "Something is under way in this sandbox.", true),
        });
        break;
      }
    }
    expect(seen).toEqual([{ type: "output", stream: "stdout", data: "first\n" }]);
  });

  test("ends the command of a client that goes away, and takes the next one", async () => {
    await using at = await started();
    const { client } = at;
    const { id } = await client.create("process");
    for await (const event of client.stream(id, "echo here; setsid sleep 424243 & sleep 424242")) {
      expect(event).toEqual({ type: "output", stream: "stdout", data: "here\n" });
      expect(await isRunning("sleep 424242")).toBe(true);
      break;
    }
    await until("no process of it is left", async () => !(await isRunning("sleep 42424")));
    const next = await until("the sandbox is free", async () => {
      const response = await client.send("POST", paths.exec(id), {
        body: JSON.stringify({ command: "true" }),
      });
      return response.status === 200 ? response.text() : undefined;
    });
    expect(JSON.parse(next)).toEqual(end());
  });

  test("destroys a sandbox in the middle of a command, which is told", async () => {
    await using at = await started();
    const { client } = at;
    const { id } = await client.create("process");
    const events = [];
    for await (const event of client.stream(id, "echo here; sleep 434343")) {
      events.push(event);
      if (event.type === "output") await client.destroy(id);
    }
    expect(events).toEqual([
      { type: "output", stream: "stdout", data: "here\n" },
      end({ ending: "sandbox_lost", exit_code: null }),
    ]);
    expect(await isRunning("sleep 434343")).toBe(false);
  });

  test("ends sandboxes when their time is over, whatever they do", async () => {
    await using at = await started({}, { settings: { ttlSeconds: 1 } });
    const { client } = at;
    const { id } = await client.create("process");
    expect(await client.exec(id, "trap '' TERM; echo here; sleep 444444")).toEqual({
      stdout: "here\n",
      stderr: "",
      end: end({ ending: "sandbox_lost", exit_code: null }),
    });
    expect(await isRunning("sleep 444444")).toBe(false);
    expect(await answer(await client.send("POST", paths.exec(id), { body: '{"command":"true"}' }))).toEqual({
      status: 410,
      body: refusal("sandbox_lost", "The sandbox expired."),
    });
  });

  test("says what is wrong with a request", async () => {
    await using at = await started();
    const { client } = at;
    const { id } = await client.create("process");
    const send = async (method: string, target: string, body = "") =>
      answer(await client.send(method, target, { body }));
    const unknown = "a".repeat(32);
    expect(await send("POST", paths.exec(unknown), '{"command":"true"}')).toEqual({
      status: 404,
      body: refusal("not_found", `There is no sandbox '${unknown}'.`),
    });
    expect(await send("POST", paths.exec(id), '{"command":"","image":"x","timeout_seconds":0}')).toEqual({
      status: 400,
      body: refusal(
        "invalid_request",
        'The request is not valid. command: Too small: expected string to have >=1 characters; timeout_seconds: Too small: expected number to be >0; Unrecognized key: "image".',
      ),
    });
    expect(await send("POST", paths.exec(id), "{")).toEqual({
      status: 400,
      body: refusal("invalid_request", "The body is not JSON in UTF-8."),
    });
    expect(await send("POST", paths.exec(id), " ".repeat(65_537))).toEqual({
      status: 413,
      body: refusal("payload_too_large", "The body is larger than 65536 bytes."),
    });
    expect(await send("POST", paths.sandboxes("process"))).toEqual({
      status: 400,
      body: refusal(
        "invalid_request",
        "The body must be an upload: application/vnd.tiny-backspace.signed-tar.",
      ),
    });
    const upload = async (target: string, body: AsyncIterable<Uint8Array>) =>
      answer(await client.send("POST", target, { body }));
    expect(await upload("/v1/sandboxes?provider=local", uploadTar({}))).toEqual({
      status: 400,
      body: refusal("invalid_request", "The parameter 'provider' must be one of docker, aws, process."),
    });
    expect(await upload(paths.sandboxes("docker"), uploadTar({}))).toEqual({
      status: 503,
      body: refusal(
        "provider_unavailable",
        "This runner is not set up for 'docker' (SANDBOX_BACKENDS), but for: process. Send sandbox_provider, or set the service's DEFAULT_SANDBOX_PROVIDER.",
        true,
      ),
    });
    expect(await upload(paths.sandboxes("process"), uploadTar({ "../a": "" }))).toMatchObject({
      status: 400,
      body: { error: { code: "invalid_archive" } },
    });
    expect(await send("GET", "/v2/sandboxes")).toEqual({
      status: 404,
      body: refusal("not_found", "There is nothing at this path."),
    });
    const head = await client.send("HEAD", paths.changes(id));
    expect([head.status, head.headers.get("allow")]).toEqual([405, "GET"]);
    expect((await client.changes(id)).added).toEqual([]);
    const wrong = await client.send("PUT", paths.exec(id));
    expect([wrong.headers.get("allow"), await answer(wrong)]).toEqual([
      "POST",
      { status: 405, body: refusal("method_not_allowed", "Only POST works here.") },
    ]);
  });

  test("destroys a sandbox that could not take its files", async () => {
    await using at = await started({ MAX_SANDBOXES: "1", MAX_QUEUE: "0" });
    const { client } = at;
    await expect(client.create("process", { "a/.git/config": "" })).rejects.toThrow(/^400 .*invalid_archive/);
    const { id } = await client.create("process", { "a.txt": "" });
    await expect(client.put(id, { "a.txt/../b": "" })).rejects.toThrow(/^400 .*invalid_archive/);
    await expect(client.exec(id, "true")).rejects.toThrow(
      /^410 .*The sandbox was destroyed because files could not be written into it/,
    );
    await client.create("process");
  });
});
