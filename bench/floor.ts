/** The floor: what the service's own requests cost when nothing is done between them, by the same HTTP client. */
import { startWorker } from "../test/support/worker.ts";
import { bundleWorker } from "./bundle.ts";
import { type Contender, type Job, randomLetters } from "./contender.ts";
import { branchOf, postCode, serviceEnvironment } from "./service.ts";
import { startMeasured } from "./workerd.ts";

/** One request as it was sent; the body in base64. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Conversation {
  readonly exchanges: readonly Exchange[];
  /** The branch it creates. */
  readonly branch: string;
}

/** Headers that belong to a connection, or to what stands between workerd and the recorder. */
const DROPPED =
  /^(?:host|connection|content-length|transfer-encoding|keep-alive|cf-.*|mf-.*|x-forwarded-.*)$/;

/** Records one job, then hands out its requests to a Worker that only sends them. */
export async function createFloor(job: Job): Promise<Contender> {
  const recorded = await recordConversation(job);
  const worker = await startMeasured({ script: bundleWorker(new URL("floor-worker.ts", import.meta.url)) });
  return {
    name: "floor",
    async run() {
      const { exchanges, branch } = withNewBranch(recorded);
      await fetch(worker.url, { method: "PUT", body: JSON.stringify(exchanges) });
      const { value, ...costs } = await worker.measure(async () => {
        const response = await fetch(worker.url, { method: "POST" });
        return (await response.json()) as readonly number[];
      });
      if (value.length !== exchanges.length || value.some((status) => status >= 300)) {
        throw new Error(`the replay was answered ${value.join(", ")}`);
      }
      return { branch, ...costs };
    },
    close: () => worker.stop(),
  };
}

/** Runs the job once in the service, with every request it sends written down on the way. */
async function recordConversation(job: Job): Promise<Conversation> {
  const exchanges: Exchange[] = [];
  const service = await startWorker({
    env: serviceEnvironment(job),
    outbound: async (request) => {
      const { method, url } = request;
      const headers = Object.fromEntries([...request.headers].filter(([name]) => !DROPPED.test(name)));
      const body = Buffer.from(await request.arrayBuffer());
      exchanges.push({ method, url, headers, body: body.toString("base64") });
      return await fetch(url, {
        method,
        headers,
        redirect: "manual",
        ...(body.byteLength > 0 ? { body } : {}),
      });
    },
  });
  try {
    return { branch: branchOf(await postCode(service.url, job)), exchanges };
  } finally {
    await service.stop();
  }
}

/**
 * The same conversation about a branch of another name, so that the server creates one again. The names
 * are of equal length, which keeps the lengths that git's framing spells out.
 */
function withNewBranch({ exchanges, branch }: Conversation): Conversation {
  const fresh = branch.slice(0, -8) + randomLetters();
  const renamed = exchanges.map((exchange) => {
    const body = Buffer.from(exchange.body, "base64").toString("latin1").replaceAll(branch, fresh);
    return { ...exchange, body: Buffer.from(body, "latin1").toString("base64") };
  });
  return { exchanges: renamed, branch: fresh };
}
