/** What becomes of a command when AWS refuses, Lambda fails, or files do not fit through it: sentences without secrets. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { explainAwsError } from "../../../sandbox-runner/src/aws/explain.ts";
import type { Backend } from "../../../sandbox-runner/src/backend.ts";
import { RunnerError } from "../../../sandbox-runner/src/errors.ts";
import { type LambdaEndpoint, type Refusal, startLambda } from "../../support/lambda/endpoint.ts";
import { canRunFunction } from "../../support/lambda/function-folder.ts";
import { until } from "../../support/until.ts";
import { refusalOf } from "../archive/helpers.ts";
import {
  collectRun,
  createTestSandbox,
  lambdaBackend,
  lastEnvironment,
  NEVER,
  setCredentials,
} from "./lambda-sandbox.ts";

describe.skipIf(!canRunFunction)("AWS Lambda", () => {
  let lambda: LambdaEndpoint;
  let backend: Backend;

  beforeAll(async () => {
    setCredentials();
    lambda = await startLambda();
    backend = await lambdaBackend(lambda.url);
  });
  afterAll(async () => {
    await backend?.close();
    await lambda?.[Symbol.asyncDispose]();
  });

  const CREDENTIALS =
    "provider_unavailable: AWS refuses the runner's credentials, or they do not allow lambda:InvokeFunction on its function.";
  const NOT_READY = "provider_unavailable: The Lambda function is not ready; try again.";
  const FAILED = "provider_unavailable: AWS Lambda could not run the command.";
  const BUSY = "at_capacity: AWS Lambda runs as many commands as it may; try again.";
  const refusals: readonly (readonly [string, Refusal | "hang up" | "hang up in the answer", string])[] = [
    ["throttles", { status: 429, type: "TooManyRequestsException" }, BUSY],
    ["throttles in other words", { status: 429, type: "ThrottlingException" }, BUSY],
    [
      "does not know the function",
      { status: 404, type: "ResourceNotFoundException" },
      "provider_unavailable: There is no Lambda function of the name and in the region the runner is set up with.",
    ],
    ["allows nothing", { status: 403, type: "AccessDeniedException" }, CREDENTIALS],
    ["does not know the key", { status: 403, type: "UnrecognizedClientException" }, CREDENTIALS],
    ["takes the signature for a wrong one", { status: 403, type: "InvalidSignatureException" }, CREDENTIALS],
    ["takes the key for an old one", { status: 403, type: "ExpiredTokenException" }, CREDENTIALS],
    [
      "does not take the request for the function",
      { status: 400, type: "InvalidParameterValueException" },
      "provider_unavailable: The Lambda function does not take the runner's request: deploy it from the template that belongs to the runner.",
    ],
    [
      "has a quota that is used up",
      { status: 402, type: "ServiceQuotaExceededException" },
      "provider_unavailable: The runner's AWS account is at one of Lambda's quotas; AWS's Service Quotas can raise it.",
    ],
    ["is still making the function", { status: 502, type: "ResourceNotReadyException" }, NOT_READY],
    ["is changing the function", { status: 409, type: "ResourceConflictException" }, NOT_READY],
    [
      "takes the request for too large",
      { status: 413, type: "RequestTooLargeException" },
      "payload_too_large: The sandbox's files are larger than AWS Lambda takes.",
    ],
    ["fails", { status: 500, type: "ServiceException" }, FAILED],
    ["has no addresses left", { status: 502, type: "SubnetIPAddressLimitReachedException" }, FAILED],
    ["says what nobody has heard of", { status: 418, type: "TeapotException" }, FAILED],
    ["hangs up", "hang up", "provider_unavailable: AWS Lambda does not answer."],
    [
      "hangs up in the answer",
      "hang up in the answer",
      "provider_unavailable: AWS Lambda's answer was cut short.",
    ],
  ];

  test.each(refusals)(
    "when AWS %s, the command fails with a sentence, and can be tried again",
    async (_, refusal, sentence) => {
      const sandbox = await createTestSandbox(backend);
      const requests = lambda.received.length;
      lambda.refuse(refusal);
      // Less than the five seconds after which a command that was turned away is sent again.
      expect(await refusalOf(sandbox.exec("true", 4_000))).toBe(sentence);
      expect(lambda.received.length - requests).toBe(1);
      expect(await sandbox.exec("true")).toMatchObject({ ending: "exited", exitCode: 0 });
    },
  );

  test("how long to wait is AWS's word, or five seconds", async () => {
    const sandbox = await createTestSandbox(backend);
    const type = "TooManyRequestsException";
    lambda.refuse({ status: 429, type }, { status: 429, type, headers: { "retry-after": "17" } });
    const waits: unknown[] = [];
    for (let at = 0; at < 2; at += 1)
      await sandbox.exec("true", 4_000).catch((error: RunnerError) => waits.push(error.retryAfter));
    expect(waits).toEqual([5, 17]);
  });

  test("an endpoint where nobody listens is an AWS that does not answer", async () => {
    const gone = await lambdaBackend("http://127.0.0.1:9");
    const sandbox = await createTestSandbox(gone);
    expect(await refusalOf(sandbox.exec("true"))).toBe("provider_unavailable: AWS Lambda does not answer.");
    expect(await refusalOf(gone.check(NEVER))).toBe("provider_unavailable: AWS Lambda does not answer.");
    await gone.close();
  });

  test("a function that another name has is not found", async () => {
    const other = await lambdaBackend(lambda.url, { functionName: "other" });
    expect(await refusalOf(other.check(NEVER))).toBe(
      "provider_unavailable: There is no Lambda function of the name and in the region the runner is set up with.",
    );
    await other.close();
  });

  const lost = (ending: string) => ({ ending, exitCode: null, signal: null, stdout: "", stderr: "" });

  test("a function that is killed is one that was out of memory, and the next command has the files of before", async () => {
    const sandbox = await createTestSandbox(backend);
    await sandbox.put({ file: "1" });
    expect(await sandbox.exec("echo 2 >file; kill -KILL -1; sleep 1000")).toEqual(lost("out_of_memory"));
    expect(await sandbox.exec("cat file")).toMatchObject({ exitCode: 0, stdout: "1" });
  });

  test("a function that a command ends in another way has failed, as one that never ran it would have", async () => {
    const sandbox = await createTestSandbox(backend);
    expect(await refusalOf(sandbox.exec("kill -TERM $PPID; sleep 1000"))).toBe(
      "provider_unavailable: The Lambda function failed, or the command ended it; its log says why.",
    );
    expect(await sandbox.exec("echo back")).toMatchObject({ exitCode: 0, stdout: "back\n" });
  });

  test("a function that a command stops ends at Lambda's own timeout", async () => {
    const sandbox = await createTestSandbox(backend);
    await sandbox.exec("true");
    lambda.setTimeout(1500);
    try {
      expect(await sandbox.exec("kill -STOP $PPID; sleep 1000")).toEqual(lost("timed_out"));
    } finally {
      lambda.setTimeout(900_000);
    }
    expect(await sandbox.exec("echo back")).toMatchObject({ exitCode: 0, stdout: "back\n" });
  });

  test("a command is ended before Lambda's timeout, in time to bring back what it wrote", async () => {
    const sandbox = await createTestSandbox(backend);
    await sandbox.exec("true");
    lambda.setTimeout(21_000);
    try {
      expect(await sandbox.exec("echo kept >file; sleep 1000")).toEqual(lost("timed_out"));
    } finally {
      lambda.setTimeout(900_000);
    }
    expect(await sandbox.changes()).toMatchObject({ added: ["file"], contents: { file: "kept\n" } });
  });

  test("a function of another version says so", async () => {
    const target = "/2021-11-15/functions/sandbox/response-streaming-invocations";
    const body = JSON.stringify({ version: 2, command: "true" });
    const answer = await (await fetch(lambda.url + target, { method: "POST", body })).text();
    expect(answer).toContain(
      '{"code":"provider_unavailable","message":"The Lambda function is of another version than the runner: deploy the one that belongs to it."}',
    );
  });

  test("leaving a command ends the wait for it at once, and so does the end of its sandbox", async () => {
    const sandbox = await createTestSandbox(backend);
    const abort = new AbortController();
    const run = collectRun(sandbox.inner, "sleep 1000", 60_000, abort.signal);
    abort.abort(new Error("left"));
    await expect(run).rejects.toThrow("left");
    const other = collectRun(sandbox.inner, "sleep 1000");
    const refusal = refusalOf(other);
    await sandbox.inner.destroy();
    expect(await refusal).toBe("sandbox_lost: The sandbox has ended.");
    await sandbox.inner.ended;
    expect(await refusalOf(sandbox.exec("true"))).toBe("sandbox_lost: The sandbox has ended.");
    expect(await refusalOf(sandbox.put({}))).toBe("sandbox_lost: The sandbox has ended.");
    expect(await refusalOf(sandbox.changes())).toBe("sandbox_lost: The sandbox has ended.");
  });

  test("a command that is left in the middle keeps no connection, whether its reader goes or its sandbox ends", async () => {
    const sandbox = await createTestSandbox(backend);
    const command = { command: "echo ready; sleep 1000", timeoutMs: 60_000, network: false };
    const left = sandbox.inner.exec(command, NEVER);
    await left.next();
    expect(lambda.open()).toBe(1);
    await left.return({ ending: "sandbox_lost", exitCode: null, signal: null });
    await until("the connection is closed", () => lambda.open() === 0);
    const destroyed = sandbox.inner.exec(command, NEVER);
    await destroyed.next();
    expect(lambda.open()).toBe(1);
    await sandbox.inner.destroy();
    await until("the connection is closed", () => lambda.open() === 0);
    expect(await refusalOf(destroyed.next())).toBe("sandbox_lost: The sandbox has ended.");
  });

  test("a sandbox ends at its deadline", async () => {
    const inner = await backend.create({ id: "e".repeat(32), expiresAt: Date.now() + 50 }, NEVER);
    await inner.ended;
    expect(await refusalOf(inner.changes(() => true, NEVER))).toBe("sandbox_lost: The sandbox has ended.");
  });

  test("files up to the limit go through, and one byte too many is refused before AWS is asked", async () => {
    const sandbox = await createTestSandbox(backend);
    // Random bytes do not pack: what is left is for headers.
    await sandbox.put({ large: randomBytes(4_667_000) });
    expect(await sandbox.exec("wc -c <large")).toMatchObject({ exitCode: 0, stdout: "4667000\n" });
    const requests = lambda.received.length;
    expect(await refusalOf(sandbox.put({ more: randomBytes(100_000) }))).toMatch(
      /^payload_too_large: The sandbox's files have 476\d{4} bytes when packed, and AWS Lambda takes 4669440 \(6291456 in base64, with the command\)\.$/,
    );
    expect(lambda.received.length).toBe(requests);
    await sandbox.put({ zeros: new Uint8Array(30_000_000) }, ["large"]);
    expect(await sandbox.exec("wc -c <zeros")).toMatchObject({ exitCode: 0, stdout: "30000000\n" });
  });

  test("a command that leaves too much has its own end, and the sandbox cannot go on from there", async () => {
    const sandbox = await createTestSandbox(backend);
    const tooMuch =
      /^payload_too_large: The sandbox's files have 5\d{6} bytes when packed, and AWS Lambda takes 4669440 /;
    expect(await sandbox.exec("head -c 5000000 /dev/urandom >large; echo done")).toMatchObject({
      ending: "exited",
      exitCode: 0,
      stdout: "done\n",
    });
    expect(await refusalOf(sandbox.exec("true"))).toMatch(tooMuch);
    expect(await refusalOf(sandbox.changes())).toMatch(tooMuch);
  });

  test("what is too much to be streamed back does not hide how the command ended either", async () => {
    const sandbox = await createTestSandbox(backend);
    expect(await sandbox.exec("head -c 40000000 /dev/zero >zeros; exit 4")).toMatchObject({ exitCode: 4 });
    expect(await refusalOf(sandbox.changes())).toBe(
      "payload_too_large: The files that commands changed are larger than 15728640 bytes together.",
    );
  });

  test("nor do many small files with long names, of which more is streamed than what is in them", async () => {
    const sandbox = await createTestSandbox(backend);
    const many = `import os
os.mkdir("x" * 109)
for at in range(12000): open("x" * 109 + "/%0190d" % at, "w").write("x")`;
    await sandbox.put({ "many.py": many });
    expect(await sandbox.exec("python3 many.py; echo made; exit 4")).toEqual({
      ending: "exited",
      exitCode: 4,
      signal: null,
      stdout: "made\n",
      stderr: "",
    });
    expect(await refusalOf(sandbox.changes())).toBe(
      "payload_too_large: The command's output and the files it changed are larger than AWS Lambda streams back: 20971520 bytes, of which each file takes its content, its name and about 1,024 more.",
    );
  });

  test("what AWS is told holds no more than the files, the command and its limits", async () => {
    const sandbox = await createTestSandbox(backend);
    await sandbox.exec("true");
    expect(lambda.received.at(-1)?.bytes).toBeLessThan(1000);
    expect(lastEnvironment(lambda).log()).not.toContain("canary");
  });
});

test("an error that is AWS's says nothing of it but in its cause", () => {
  const aws = Object.assign(new Error("User: arn:aws:iam::123456789012:user/x is not authorized"), {
    name: "AccessDeniedException",
    $metadata: { httpStatusCode: 403 },
  });
  const error = explainAwsError(aws);
  expect(error).toBeInstanceOf(RunnerError);
  expect(error.message).not.toMatch(/arn|123456789012/);
  expect(error.cause).toBe(aws);
  expect(explainAwsError(Object.assign(new Error("x"), { name: "CredentialsProviderError" })).message).toBe(
    "The runner has no AWS credentials.",
  );
});
