/** What the runner tells AWS, and makes of its answers, before any function matters: the real SDK, with scripted answers. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Backend } from "../../../sandbox-runner/src/backend.ts";
import { SetUpError } from "../../../sandbox-runner/src/settings.ts";
import {
  answerExited,
  answerFailed,
  type Invoked,
  refuse,
  type ScriptedLambda,
  startScriptedLambda,
} from "../../support/lambda/scripted-endpoint.ts";
import { until } from "../../support/until.ts";
import { refusalOf } from "../archive/helpers.ts";
import { collectRun, createTestSandbox, lambdaBackend, NEVER, setCredentials } from "./lambda-sandbox.ts";

const EXITED = { ending: "exited", exitCode: 0, signal: null, stdout: "", stderr: "" };
const BUSY = "at_capacity: AWS Lambda runs as many commands as it may; try again.";

beforeAll(setCredentials);

async function start(
  answer: Parameters<typeof startScriptedLambda>[0],
): Promise<{ readonly lambda: ScriptedLambda; readonly backend: Backend }> {
  const lambda = await startScriptedLambda(answer);
  const backend = await lambdaBackend(lambda.url);
  onTestFinished(async () => {
    await backend.close();
    await lambda[Symbol.asyncDispose]();
  });
  return { lambda, backend };
}

describe("a command that Lambda turns away because too many run", () => {
  /** Turns away one request for each of `waits`, in seconds, and has the next one run. */
  const startBusy = async (...waits: readonly string[]) => {
    const left = [...waits];
    return await start((_, response) => {
      const wait = left.shift();
      if (wait === undefined) answerExited(response);
      else refuse(response, 429, "TooManyRequestsException", { "retry-after": wait });
    });
  };

  test("is sent again when AWS says, with all of its own time", async () => {
    const { lambda, backend } = await startBusy("1", "1");
    const sandbox = await createTestSandbox(backend);
    await sandbox.put({ file: "1" });
    expect(await sandbox.exec("true", 30_000)).toEqual(EXITED);
    const events = lambda.invoked.map(({ event }) => event);
    expect(events).toEqual([events[0], events[0], events[0]]);
    expect(events[0]).toMatchObject({ command: "true", timeoutMs: 30_000 });
  });

  test("fails when AWS says to come after its time limit", async () => {
    const { lambda, backend } = await startBusy("1", "60");
    const sandbox = await createTestSandbox(backend);
    expect(await refusalOf(sandbox.exec("true", 30_000))).toBe(BUSY);
    expect(lambda.invoked).toHaveLength(2);
  });

  test("is not sent again once its caller has gone, or its sandbox has ended", async () => {
    const { lambda, backend } = await startBusy("600", "600");
    const sandbox = await createTestSandbox(backend);
    const leaving = new AbortController();
    const left = collectRun(sandbox.inner, "true", 840_000, leaving.signal);
    left.catch(() => undefined);
    await until("the first request", () => lambda.invoked.length === 1);
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    const destroyed = refusalOf(sandbox.exec("true", 840_000));
    await until("the second request", () => lambda.invoked.length === 2);
    await sandbox.inner.destroy();
    expect(await destroyed).toBe("sandbox_lost: The sandbox has ended.");
    expect(lambda.invoked).toHaveLength(2);
  });

  test("makes a check say so, before whoever asked has gone", async () => {
    const { lambda, backend } = await startBusy("11");
    expect(await refusalOf(backend.check(NEVER))).toBe(BUSY);
    expect(lambda.invoked).toHaveLength(1);
  });
});

test("as many commands run at once as there are", async () => {
  const waiting: (() => void)[] = [];
  const { backend } = await start((_, response) => {
    waiting.push(() => answerExited(response));
    if (waiting.length === 60) for (const answer of waiting) answer();
  });
  const runs = Array.from({ length: 60 }, async () => (await createTestSandbox(backend)).exec("true"));
  expect(await Promise.all(runs)).toEqual(Array.from({ length: 60 }, () => EXITED));
});

test("no command is sent on a connection that AWS may have closed", async () => {
  const used = new WeakSet<Invoked["socket"]>();
  const { backend } = await start(({ socket }, response) => {
    if (used.has(socket)) return void socket.resetAndDestroy();
    used.add(socket);
    answerExited(response);
  });
  const sandbox = await createTestSandbox(backend);
  for (let at = 0; at < 10; at += 1) expect(await sandbox.exec("true")).toEqual(EXITED);
});

test("a command may run no longer than its sandbox", async () => {
  const { lambda, backend } = await start((_, response) => answerExited(response));
  const inner = await backend.create({ id: "s".repeat(32), expiresAt: Date.now() + 60_000 }, NEVER);
  await collectRun(inner, "sleep 840", 840_000);
  await collectRun(inner, "sleep 1", 1_000);
  const times = lambda.invoked.map(({ event }) => Number(event["timeoutMs"]));
  expect(times).toEqual([expect.any(Number), 1_000]);
  expect(times[0]).toBeLessThanOrEqual(60_000);
  expect(times[0]).toBeGreaterThan(0);
});

describe("a function that ends with an exit status", () => {
  const EXIT = "RequestId: x Error: Runtime exited with error: exit status 1";

  test("before it has said anything has failed: it may have crashed at its start", async () => {
    const { backend } = await start((_, response) => answerFailed(response, "Runtime.ExitError", EXIT));
    const sentence =
      "provider_unavailable: The Lambda function failed, or the command ended it; its log says why.";
    const sandbox = await createTestSandbox(backend);
    expect(await refusalOf(sandbox.exec("true"))).toBe(sentence);
    expect(await refusalOf(backend.check(NEVER))).toBe(sentence);
  });

  test("after the command has written something loses the command", async () => {
    const { backend } = await start((_, response) =>
      answerFailed(response, "Runtime.ExitError", EXIT, "out\n"),
    );
    const sandbox = await createTestSandbox(backend);
    expect(await sandbox.exec("true")).toEqual({
      ending: "sandbox_lost",
      exitCode: null,
      signal: null,
      stdout: "out\n",
      stderr: "",
    });
  });
});

describe("settings", () => {
  const URL = "http://127.0.0.1:9";
  const kept = {
    AWS_REGION: process.env["AWS_REGION"],
    AWS_DEFAULT_REGION: process.env["AWS_DEFAULT_REGION"],
  };
  afterAll(() => {
    for (const [name, value] of Object.entries(kept)) if (value !== undefined) process.env[name] = value;
  });

  test("limits are those that Lambda can keep", async () => {
    const { limits } = await lambdaBackend(URL);
    const long = await lambdaBackend(URL, { limits: { ...limits, timeout_seconds: 3000 } });
    expect(long.limits.timeout_seconds).toBe(840);
    expect({ provider: long.provider, network: long.network }).toEqual({ provider: "aws", network: "none" });
    await expect(lambdaBackend(URL, { limits: { ...limits, output_bytes: 10_000_000 } })).rejects.toThrow(
      "OUTPUT_LIMIT_BYTES must be at most 8388608 with the aws backend: AWS Lambda limits what it streams back.",
    );
  });

  test("a function that is not named, or not placed, is found missing at the start", async () => {
    for (const name of Object.keys(kept)) delete process.env[name];
    await expect(lambdaBackend(URL, { functionName: undefined })).rejects.toThrow(
      new SetUpError("SANDBOX_BACKENDS names 'aws', so LAMBDA_FUNCTION must name the function."),
    );
    await expect(lambdaBackend(URL, { region: undefined })).rejects.toThrow(
      new SetUpError("SANDBOX_BACKENDS names 'aws', so AWS_REGION must name the function's region."),
    );
    process.env["AWS_REGION"] = "eu-central-1";
    expect((await lambdaBackend(URL, { region: undefined })).provider).toBe("aws");
    delete process.env["AWS_REGION"];
  });
});
