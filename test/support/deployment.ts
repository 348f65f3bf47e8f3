/** A whole deployment for a test over HTTP: a host with a folder of its own, a local forge, and any number of callers. */
import { type Api, createApi } from "./api.ts";
import type { RepositoryOptions } from "./forge/repositories.ts";
import { type ForgeRepository, type LocalForge, startForge } from "./forge/server.ts";
import { type Host, type HostName, startHost } from "./hosts.ts";
import { SERVICE_LOGIN, SERVICE_TOKEN } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Opens `/config`, and a canary as well. */
export const ADMIN_TOKEN = "canary-admin-token-0123456789";
/** Accounts at the forge that callers may bring themselves. */
export const OWN_TOKENS = {
  ann: "canary_github_token_of_ann_01",
  bob: "canary_github_token_of_bob_01",
} as const;

export interface Deployment extends AsyncDisposable {
  readonly forge: LocalForge;
  readonly host: Host;
  /** Where the host keeps everything that outlives it. */
  readonly folder: string;
  readonly admin: Api;
  readonly nobody: Api;
  /** A caller that has not called before, with an API token. */
  caller(): Api;
  /** A caller with a GitHub token. */
  own(login: keyof typeof OWN_TOKENS): Api;
  /** A repository that nobody else uses, with two small text files unless told. */
  repository(options?: RepositoryOptions & { readonly owner?: string }): Promise<Hosted>;
}

export interface Hosted extends ForgeRepository {
  /** What `repoUrl` is to be. */
  readonly url: string;
}

export interface DeploymentOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly forge?: Parameters<typeof startForge>[0];
}

const CALLERS = 200;
const TOKENS = Array.from({ length: CALLERS }, (_, i) => `api-token-number-${String(i).padStart(4, "0")}`);
/** Tests are no load to be held back, but for those about it. */
const NO_LIMITS = {
  MAX_RUNS: "1000",
  MAX_RUNS_PER_CALLER: "1000",
  STARTS_PER_MINUTE: "1000000",
  REQUESTS_PER_MINUTE: "1000000",
};

export async function deploy(name: HostName, options: DeploymentOptions = {}): Promise<Deployment> {
  await using cleanup = new AsyncDisposableStack();
  const forge = cleanup.use(
    await startForge({
      tokens: {
        [SERVICE_TOKEN]: { login: SERVICE_LOGIN },
        [OWN_TOKENS.ann]: { login: "ann" },
        [OWN_TOKENS.bob]: { login: "bob" },
      },
      ...options.forge,
    }),
  );
  const folder = cleanup.use(await temporaryFolder());
  const host = await startHost(name, {
    folder: folder.path,
    env: {
      GITHUB_SERVER_URL: forge.url,
      GITHUB_API_URL: forge.apiUrl,
      GITHUB_TOKEN: SERVICE_TOKEN,
      API_TOKENS: TOKENS.join(","),
      ADMIN_TOKEN,
      ...NO_LIMITS,
      ...options.env,
    },
  });
  cleanup.defer(() => host.kill());
  const end = cleanup.move();
  let callers = 0;
  let repositories = 0;
  return {
    forge,
    host,
    folder: folder.path,
    admin: createApi(host.url, bearer(ADMIN_TOKEN)),
    nobody: createApi(host.url, {}),
    caller: () => {
      const token = TOKENS[callers];
      if (token === undefined) throw new Error(`there are ${CALLERS} callers only`);
      callers += 1;
      return createApi(host.url, bearer(token));
    },
    own: (login) => createApi(host.url, { "x-github-token": OWN_TOKENS[login] }),
    repository: async ({ owner = SERVICE_LOGIN, ...rest } = {}) => {
      repositories += 1;
      const name = `r${repositories}`;
      const files = { "a.txt": "one\n", "b/c.txt": "c\n" };
      const repository = await forge.addRepository(`${owner}/${name}`, { files, ...rest });
      return Object.defineProperty(repository, "url", {
        value: `${forge.url}/${repository.fullName}`,
      }) as Hosted;
    },
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  };
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}
