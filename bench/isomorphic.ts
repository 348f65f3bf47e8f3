/** isomorphic-git with a checkout, in a workerd of its own. */
import { bundleWorker } from "./bundle.ts";
import { type Contender, type Job, newBranchName } from "./contender.ts";
import type { IsomorphicRequest } from "./isomorphic-worker.ts";
import { startMeasured } from "./workerd.ts";

export async function createIsomorphic(job: Job): Promise<Contender> {
  const worker = await startMeasured({
    script: bundleWorker(new URL("isomorphic-worker.ts", import.meta.url)),
  });
  await (await fetch(worker.url)).text();
  return {
    name: "isomorphic",
    async run() {
      const request: IsomorphicRequest = { job, branch: newBranchName() };
      const { value, ...costs } = await worker.measure(async () => {
        const response = await fetch(worker.url, { method: "POST", body: JSON.stringify(request) });
        return { status: response.status, text: await response.text() };
      });
      if (value.status !== 200) throw new Error(`isomorphic-git did not open a pull request: ${value.text}`);
      return { branch: request.branch, ...costs };
    },
    close: () => worker.stop(),
  };
}
