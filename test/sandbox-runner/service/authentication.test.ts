import { describe, expect, test } from "vitest";
import {
  importSecret,
  SIGNATURE_HEADERS,
  STREAMED_BODY,
  signatureHeaders,
} from "../../../src/sandbox/sign.ts";
import { encodeSignedStream, SIGNED_STREAM_TYPE } from "../../../src/sandbox/signed-stream.ts";
import { paths } from "../../../src/sandbox/wire.ts";
import { collect } from "../../support/collect.ts";
import { RUNNER_SECRET, runnerClient, uploadTar } from "../../support/sandbox-runner.ts";
import { until } from "../../support/until.ts";
import { type Started, started } from "./started.ts";

const NOT_SIGNED = "The request is not signed with this runner's secret (SANDBOX_RUNNER_SECRET).";
const REUSED = "The request was sent before; sign each one anew.";
const STALE = "The request's time differs by more than 60 seconds from this runner's clock; set both clocks.";
const EARLIER = "The request was signed before this runner started; sign it again.";

const key = await importSecret(RUNNER_SECRET);
const body = '{"command":"echo ran >>ran; wc -l <ran"}';

interface Sent {
  readonly method: string;
  readonly target: string;
  readonly body: string;
  readonly headers: Record<string, string>;
}

/** A request that is fine. */
async function signed(id: string, now = Date.now()): Promise<Sent> {
  const request = { method: "POST", target: paths.exec(id), body };
  return { ...request, headers: await signatureHeaders(key, request, now) };
}

function send({ runner }: Started, { method, target, body: text, headers }: Sent): Promise<Response> {
  return fetch(`${runner.url}${target}`, {
    method,
    headers,
    ...(method === "GET" ? {} : { body: text }),
  });
}

async function refusal(response: Response): Promise<unknown> {
  const { error } = (await response.json()) as { error: unknown };
  return [response.status, error];
}

const unauthorized = (message: string) => [401, { code: "unauthorized", message, retryable: false }];

const flipped = (hex: string) => `${hex.startsWith("0") ? "1" : "0"}${hex.slice(1)}`;

describe("requests to the runner", () => {
  test("are refused with any part altered, and none of them ran", async () => {
    await using at = await started();
    const [{ id }, other] = await Promise.all([at.client.create("process"), at.client.create("process")]);
    const header =
      (name: keyof typeof SIGNATURE_HEADERS, value: (old: string) => string) =>
      (fine: Sent): Sent => ({
        ...fine,
        headers: {
          ...fine.headers,
          [SIGNATURE_HEADERS[name]]: value(fine.headers[SIGNATURE_HEADERS[name]] ?? ""),
        },
      });
    const without =
      (name: keyof typeof SIGNATURE_HEADERS) =>
      (fine: Sent): Sent => {
        const { [SIGNATURE_HEADERS[name]]: _, ...headers } = fine.headers;
        return { ...fine, headers };
      };
    const alterations: Record<string, (fine: Sent) => Sent | Promise<Sent>> = {
      unsigned: (fine) => ({ ...fine, headers: {} }),
      method: (fine) => ({ ...fine, method: "DELETE", target: paths.sandbox(id) }),
      "another sandbox": (fine) => ({ ...fine, target: paths.exec(other.id) }),
      "another endpoint": (fine) => ({ ...fine, target: paths.files(id) }),
      "a query": (fine) => ({ ...fine, target: `${fine.target}?x=1` }),
      "the body": (fine) => ({ ...fine, body: body.replace("ran;", "RAN;") }),
      "no body": (fine) => ({ ...fine, body: "" }),
      "a longer body": (fine) => ({ ...fine, body: `${body} ` }),
      signature: header("signature", flipped),
      "an empty signature": header("signature", () => ""),
      "a short signature": header("signature", (old) => old.slice(0, 62)),
      time: header("time", (old) => String(Number(old) + 1)),
      "a strange time": header("time", (old) => `0${old}`),
      nonce: header("nonce", flipped),
      "a strange nonce": header("nonce", (old) => `${old.slice(1)}A`),
      "the content's hash": header("contentHash", flipped),
      "a body that is said to be streamed": header("contentHash", () => STREAMED_BODY),
      "no signature": without("signature"),
      "no time": without("time"),
      "no nonce": without("nonce"),
      "no content hash": without("contentHash"),
      "another secret": async (fine) => ({
        ...fine,
        headers: await signatureHeaders(await importSecret(`${RUNNER_SECRET}x`), fine, Date.now()),
      }),
    };
    for (const [name, alter] of Object.entries(alterations)) {
      const answer = await refusal(await send(at, await alter(await signed(id))));
      expect([name, answer]).toEqual([name, unauthorized(NOT_SIGNED)]);
    }
    expect((await at.client.exec(id, "ls")).stdout).toBe("");
  });

  test("are refused when they are sent again, also at the same time", async () => {
    await using at = await started();
    const { id } = await at.client.create("process");
    const fine = await signed(id);
    const responses = await Promise.all(Array.from({ length: 10 }, () => send(at, fine)));
    const refused = responses.filter(({ status }) => status === 401);
    expect(await Promise.all(refused.map(refusal))).toEqual(Array(9).fill(unauthorized(REUSED)));
    const ran = await responses.find(({ status }) => status === 200)?.text();
    expect(ran).toContain('"data":"1\\n"');
    expect(await refusal(await send(at, fine))).toEqual(unauthorized(REUSED));
    expect((await at.client.exec(id, "cat ran")).stdout).toBe("ran\n");
  });

  test("are refused when they are too old, too new, or no later than the runner's start", async () => {
    const startedAt = Date.now() - 1_000;
    await using at = await started({}, { startedAt });
    const { id } = await at.client.create("process");
    const at_ = async (now: number) => refusal(await send(at, await signed(id, now)));
    expect(await at_(Date.now() - 62_000)).toEqual(unauthorized(STALE));
    expect(await at_(Date.now() + 62_000)).toEqual(unauthorized(STALE));
    expect(await at_(0)).toEqual(unauthorized(NOT_SIGNED));
    expect(await at_(startedAt - 2_000)).toEqual(unauthorized(EARLIER));
    expect(await at_(startedAt)).toEqual(unauthorized(EARLIER));
    expect((await send(at, await signed(id, Date.now() + 30_000))).status).toBe(200);
  });

  test("are let in for health and metrics without a signature, and for nothing else", async () => {
    await using at = await started();
    const statuses = await Promise.all(
      ["/health", "/metrics", "/v1/sandboxes/x/changes", "/"].map(
        async (path) => (await fetch(`${at.runner.url}${path}`)).status,
      ),
    );
    expect(statuses).toEqual([200, 200, 401, 404]);
  });
});

describe("an upload", () => {
  const FILES = { "a.txt": "x".repeat(200_000) };

  async function frames(target: string) {
    const headers = await signatureHeaders(key, { method: "POST", target, body: STREAMED_BODY }, Date.now());
    const signature = headers[SIGNATURE_HEADERS.signature] ?? "";
    return { headers, frames: await collect(encodeSignedStream(key, signature, uploadTar(FILES))) };
  }

  const upload = ({ runner }: Started, target: string, headers: Record<string, string>, body: Uint8Array[]) =>
    fetch(`${runner.url}${target}`, {
      method: "POST",
      headers: { ...headers, "content-type": SIGNED_STREAM_TYPE },
      body: Buffer.concat(body),
    });

  const target = paths.sandboxes("process");
  const alterations: Record<string, (frames: Uint8Array[]) => Uint8Array[]> = {
    "a bit of the data": ([first, second = new Uint8Array(), ...rest]) => {
      const bad = second.slice();
      bad[100] = (bad[100] ?? 0) ^ 1;
      return [first ?? bad, bad, ...rest];
    },
    "a frame's place": ([first, second, third, ...rest]) =>
      [first, third, second, ...rest].filter((frame) => frame !== undefined),
    "a frame left out": ([first, , ...rest]) => [first, ...rest].filter((frame) => frame !== undefined),
    "a frame repeated": ([first, second, ...rest]) =>
      [first, second, second, ...rest].filter((frame) => frame !== undefined),
    "data after the end": (all) => [...all, new Uint8Array(1)],
    "a frame's length": ([first = new Uint8Array(), ...rest]) => {
      const bad = first.slice();
      bad[0] = 255;
      return [bad, ...rest];
    },
  };

  test.for(Object.entries(alterations))(
    "with %s altered is refused, and leaves no sandbox",
    async ([, alter]) => {
      await using at = await started();
      const made = await frames(target);
      expect(await refusal(await upload(at, target, made.headers, alter(made.frames)))).toEqual(
        unauthorized(NOT_SIGNED),
      );
      await until("nothing is left", async () =>
        (await (await fetch(`${at.runner.url}/metrics`)).text()).includes(
          "sandbox_runner_sandboxes_active 0\n",
        ),
      );
    },
  );

  test("that is cut short is refused, and leaves no sandbox", async () => {
    await using at = await started();
    const made = await frames(target);
    expect(await refusal(await upload(at, target, made.headers, made.frames.slice(0, -1)))).toEqual([
      400,
      { code: "invalid_archive", message: "The body was cut short.", retryable: false },
    ]);
    await until("nothing is left", async () =>
      (await (await fetch(`${at.runner.url}/metrics`)).text()).includes(
        "sandbox_runner_sandboxes_active 0\n",
      ),
    );
  });

  test("cannot be sent again, or to another place", async () => {
    await using at = await started();
    const made = await frames(target);
    expect((await upload(at, target, made.headers, made.frames)).status).toBe(201);
    expect(await refusal(await upload(at, target, made.headers, made.frames))).toEqual(unauthorized(REUSED));
    const other = await frames(target);
    expect(await refusal(await upload(at, target, other.headers, made.frames))).toEqual(
      unauthorized(NOT_SIGNED),
    );
    const docker = await frames(target);
    expect(await refusal(await upload(at, paths.sandboxes("docker"), docker.headers, docker.frames))).toEqual(
      unauthorized(NOT_SIGNED),
    );
  });

  test("that is larger than the limits is refused while it streams", async () => {
    await using at = await started({}, { settings: { archive: { files: 1, fileBytes: 1, totalBytes: 1 } } });
    const client = runnerClient(at.runner);
    async function* endless() {
      yield* uploadTar({});
      for (;;) yield new Uint8Array(65_536);
    }
    const response = await client.send("POST", target, { body: endless() });
    expect([400, 413]).toContain(response.status);
  });
});
