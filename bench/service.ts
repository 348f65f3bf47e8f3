/** The service itself: one `POST /code` to the built Worker, read to its `done`. */
import type { Contender, Finished, Job } from "./contender.ts";
import { promptFor } from "./edit.ts";
import { type MeasuredWorker, startMeasured } from "./workerd.ts";

/** Starts the built Worker (`dist/worker.js`) for one job. */
export async function createService(job: Job): Promise<Contender> {
  const worker = await startMeasured({ env: serviceEnvironment(job) });
  await wake(worker);
  return { name: "service", run: () => runOnce(worker, job), close: () => worker.stop() };
}

/** The growth of a workerd that has answered nothing but `GET /` before, in KiB. */
export async function freshGrowth(job: Job): Promise<Finished> {
  const service = await createService(job);
  try {
    return await service.run();
  } finally {
    await service.close();
  }
}

export function serviceEnvironment(job: Job): Record<string, string> {
  return { GITHUB_TOKEN: job.token, GITHUB_SERVER_URL: job.serverUrl, GITHUB_API_URL: job.apiUrl };
}

/** Loads the script, which is no part of a job. */
async function wake(worker: MeasuredWorker): Promise<void> {
  const response = await fetch(`${worker.url}/`);
  await response.text();
}

async function runOnce(worker: MeasuredWorker, job: Job): Promise<Finished> {
  const { value, ...costs } = await worker.measure(() => postCode(worker.url, job));
  return { branch: branchOf(value), ...costs };
}

/** Sends the job's prompt and reads the whole stream of events as text. */
export async function postCode(serviceUrl: string, job: Job): Promise<string> {
  const response = await fetch(`${serviceUrl}/code`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ repoUrl: `${job.serverUrl}/${job.fullName}`, prompt: promptFor(job.edit) }),
  });
  return await response.text();
}

/** The branch in the stream's `done`. Throws what the stream says when there is no pull request. */
export function branchOf(stream: string): string {
  const last = stream.slice(stream.lastIndexOf("\ndata: ") + 7);
  const done = JSON.parse(last) as { type?: string; status?: string; branch?: string; pr_url?: string };
  if (done.type !== "done" || done.status !== "succeeded" || !done.branch || !done.pr_url) {
    throw new Error(`the service did not open a pull request: ${stream.slice(-2000)}`);
  }
  return done.branch;
}
