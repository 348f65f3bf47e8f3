/** The function's code as its image has it: the same files at the same places, and a Node that only runs. */
import { existsSync } from "node:fs";
import { chmod, copyFile, cp, mkdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { temporaryFolder } from "../temporary-folder.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const LAMBDA = join(ROOT, "sandbox-runner/lambda");

/** Whether `npm ci` has been run in the function's folder, and this process may start others as other users. */
export const canRunFunction =
  existsSync(join(LAMBDA, "node_modules/aws-lambda-ric/rapid-client.node")) && process.getuid?.() === 0;

export interface FunctionFolder extends AsyncDisposable {
  /** LAMBDA_TASK_ROOT. */
  readonly path: string;
  readonly node: string;
  readonly runtimeClient: string;
  /** As the image's command names it. */
  readonly handler: string;
}

export async function makeFunctionFolder(): Promise<FunctionFolder> {
  const folder = await temporaryFolder();
  await chmod(folder.path, 0o755);
  const copy = (from: string, to: string) =>
    cp(join(ROOT, from), join(folder.path, to), {
      recursive: true,
      filter: (path) => path === join(ROOT, from) || !/\/lambda\/node_modules$/.test(path),
    });
  await copy("sandbox-runner/lambda/package.json", "package.json");
  await copy("sandbox-runner/lambda/node_modules", "node_modules");
  await copy("src/sandbox", "src/sandbox");
  await copy("sandbox-runner/src", "sandbox-runner/src");
  await copy("sandbox-runner/lambda", "sandbox-runner/lambda");
  await mkdir(join(folder.path, "bin"));
  const node = join(folder.path, "bin/node");
  await copyFile(createRequire(import.meta.url).resolve("node/bin/node"), node);
  await chmod(node, 0o111);
  return {
    path: folder.path,
    node,
    runtimeClient: join(folder.path, "node_modules/aws-lambda-ric/index.mjs"),
    handler: "sandbox-runner/lambda/index.handler",
    [Symbol.asyncDispose]: () => rm(folder.path, { recursive: true, force: true }),
  };
}
