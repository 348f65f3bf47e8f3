/** The tests' image, less some of its files: what an operator's own may lack. */

import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { packTar } from "modern-tar";
import { connectEngine } from "../../../../sandbox-runner/src/docker/engine.ts";
import { TEST_IMAGE } from "../../docker/support/backend.ts";

export interface TemporaryImage extends AsyncDisposable {
  readonly name: string;
}

export async function imageWithout(files: readonly string[]): Promise<TemporaryImage> {
  const docker = connectEngine();
  const name = `network-test:${randomUUID()}`;
  const body = `FROM ${TEST_IMAGE}\nUSER root\nRUN rm ${files.join(" ")}\n`;
  const context = await packTar([{ header: { name: "Dockerfile", size: body.length }, body }]);
  const building = await docker.buildImage(Readable.from([Buffer.from(context)]), {
    t: name,
    networkmode: "none",
    forcerm: true,
  });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(building, (error) => (error ? reject(error) : resolve()));
  });
  return {
    name,
    [Symbol.asyncDispose]: async () => void (await docker.getImage(name).remove({ force: true })),
  };
}
