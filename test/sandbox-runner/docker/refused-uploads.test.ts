/** Uploads that break off after `tar` has begun to unpack them. */
import { packTar } from "modern-tar";
import { describe, expect, it } from "vitest";
import {
  importSecret,
  SIGNATURE_HEADERS,
  STREAMED_BODY,
  signatureHeaders,
} from "../../../src/sandbox/sign.ts";
import { encodeSignedStream, SIGNED_STREAM_TYPE } from "../../../src/sandbox/signed-stream.ts";
import { paths } from "../../../src/sandbox/wire.ts";
import { collect } from "../../support/collect.ts";
import { RUNNER_SECRET, runnerClient, startRunner, uploadTar } from "../../support/sandbox-runner.ts";
import { HAS_ENGINE, startBackend } from "./support/backend.ts";
import { none, until } from "./support/containers.ts";

const MB = 1024 * 1024;
const TARGET = paths.sandboxes("docker");
const FINE = { "a.txt": "x".repeat(200_000), "b.txt": "x".repeat(200_000) };

async function* tarWithLink(): AsyncGenerator<Uint8Array, void> {
  yield await packTar([
    { header: { name: "upload.json", size: 2 }, body: "{}" },
    { header: { name: "files/a", size: 1 }, body: "a" },
    { header: { name: "files/link", size: 0, type: "symlink", linkname: "/etc" } },
  ]);
}

describe.skipIf(!HAS_ENGINE)("an upload to a Docker sandbox", () => {
  async function started() {
    const backend = startBackend();
    const archive = { files: 100, fileBytes: MB, totalBytes: 3 * MB };
    const runner = await startRunner({ backends: [backend.backend], settings: { archive } });
    return {
      runner,
      client: runnerClient(runner),
      noneIsLeft: () => until(backend.settings.runner, none),
      [Symbol.asyncDispose]: () => runner.close(),
    };
  }

  const answerOf = async (response: Response) => [
    response.status,
    ((await response.json()) as { error: unknown }).error,
  ];
  const refused = (code: string, message: string) => ({ code, message, retryable: false });

  it.each([
    [
      "that holds a link",
      tarWithLink,
      [
        400,
        refused(
          "invalid_archive",
          'The archive\'s entry "files/link" is a symbolic link; archives here hold regular files only.',
        ),
      ],
    ],
    [
      "that holds a path twice",
      () => uploadTar({ a: "1", "a*": "2" }),
      [400, refused("invalid_archive", 'The archive\'s entry "a" is there twice.')],
    ],
    [
      "with a file that is too large",
      () => uploadTar({ a: "1", large: "x".repeat(2 * MB) }),
      [
        413,
        refused(
          "payload_too_large",
          'The archive\'s entry "files/large" has 2097152 bytes; the limit is 1048576.',
        ),
      ],
    ],
    [
      "with files that are too large together",
      () => uploadTar({ a: "x".repeat(MB), b: "x".repeat(MB), c: "x".repeat(MB), d: "x" }),
      [413, refused("payload_too_large", "The archive's files have more than 3145728 bytes together.")],
    ],
  ] as const)("%s is refused as such, and leaves no sandbox", async (_, body, answer) => {
    await using at = await started();
    expect(await answerOf(await at.client.send("POST", TARGET, { body: body() }))).toEqual(answer);
    await at.noneIsLeft();
  });

  it.each([
    [
      "altered",
      (frames: Uint8Array[]) => {
        const bad = frames.at(-2)?.fill(1, 100, 200) ?? new Uint8Array();
        return [...frames.slice(0, -2), bad, ...frames.slice(-1)];
      },
      [
        401,
        refused(
          "unauthorized",
          "The request is not signed with this runner's secret (SANDBOX_RUNNER_SECRET).",
        ),
      ],
    ],
    [
      "cut short",
      (frames: Uint8Array[]) => frames.slice(0, -2),
      [400, refused("invalid_archive", "The body was cut short.")],
    ],
  ] as const)("that was %s is refused as such, and leaves no sandbox", async (_, spoil, answer) => {
    await using at = await started();
    const key = await importSecret(RUNNER_SECRET);
    const request = { method: "POST", target: TARGET, body: STREAMED_BODY };
    const headers = await signatureHeaders(key, request, Date.now());
    const signature = headers[SIGNATURE_HEADERS.signature] ?? "";
    const frames = await collect(encodeSignedStream(key, signature, uploadTar(FINE)));
    const response = await fetch(`${at.runner.url}${TARGET}`, {
      method: "POST",
      headers: { ...headers, "content-type": SIGNED_STREAM_TYPE },
      body: Buffer.concat(spoil(frames)),
    });
    expect(await answerOf(response)).toEqual(answer);
    await at.noneIsLeft();
  });
});
