import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectEngine } from "../../../sandbox-runner/src/docker/engine.ts";
import { HAS_ENGINE, never, startBackend, TEST_IMAGE } from "./support/backend.ts";
import { none, until } from "./support/containers.ts";

describe.skipIf(!HAS_ENGINE)("checking the engine", () => {
  const docker = connectEngine();
  const tag = randomUUID();
  const images: string[] = [];

  /** The test image after `command` as root, with a change to its settings. */
  async function derive(name: string, command: string, changes: string): Promise<string> {
    const container = await docker.createContainer({
      Image: TEST_IMAGE,
      User: "0",
      Cmd: ["sh", "-c", command],
      NetworkDisabled: true,
    });
    await container.start();
    await container.wait();
    await container.commit({ repo: name, tag, changes });
    await container.remove();
    images.push(`${name}:${tag}`);
    return `${name}:${tag}`;
  }

  beforeAll(async () => {
    await derive("volumes", "true", "VOLUME /data");
    await derive("toolless", "printf '#!/bin/sh\\necho bsdtar' >/bin/tar", "USER 65534");
  });
  afterAll(async () => {
    for (const image of images) await docker.getImage(image).remove();
  });

  it("finds that commands run, in a sandbox that is gone afterwards", async () => {
    await using backend = startBackend();
    await backend.backend.check(never());
    await until(backend.settings.runner, none);
  });

  it.each([
    ["no such image", { image: "not-there:at-all" }, /no image "not-there:at-all"/],
    ["no such runtime", { runtime: "runsc" }, /no runtime "runsc"/],
    ["an image with volumes", { image: `volumes:${tag}` }, /declares volumes/],
    ["an image without GNU tar", { image: `toolless:${tag}` }, /has no GNU tar/],
  ])("says when there is %s", async (_, settings, message) => {
    await using backend = startBackend(settings);
    await expect(backend.backend.check(never())).rejects.toMatchObject({
      code: "provider_unavailable",
      message: expect.stringMatching(message),
    });
    await until(backend.settings.runner, none);
  });

  it.each([
    ["image", { image: "not-there:at-all" }],
    ["runtime", { runtime: "runsc" }],
  ])("callers are told that the provider cannot be used when there is no such %s", async (_, settings) => {
    await using backend = startBackend(settings);
    await expect(backend.create()).rejects.toMatchObject({ code: "provider_unavailable" });
    await until(backend.settings.runner, none);
  });
});
