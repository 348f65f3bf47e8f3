/** Who is asking: tokens, the logins behind them, and what a login may do to a repository. */

/** Nobody, somebody, or somebody with a credential that is not good. */
export type Identity =
  | { readonly kind: "none" }
  | { readonly kind: "user"; readonly login: string }
  | { readonly kind: "invalid" };

export type Permission = "read" | "write" | "admin";

export interface Account {
  readonly login: string;
}

export interface Accounts {
  /** Makes `token` a credential of `login`. */
  add(token: string, account: Account): void;
  /** From now on `token` is a bad credential. */
  revoke(token: string): void;
  /**
   * Reads an `Authorization` header. The REST API takes `token X`, `Bearer X` and Basic with the
   * token as password; git over HTTP takes only Basic, as on GitHub.
   */
  identify(authorization: string | undefined, kind: "rest" | "git" | "page"): Identity;
  /** A stable numeric id for a login (GitHub's user id), handed out in order of first use. */
  idOf(login: string): number;
}

export function createAccounts(tokens: Readonly<Record<string, Account>>): Accounts {
  const logins = new Map(Object.entries(tokens).map(([token, account]) => [token, account.login]));
  const ids = new Map<string, number>();

  return {
    add: (token, account) => {
      logins.set(token, account.login);
    },
    revoke: (token) => {
      logins.delete(token);
    },
    identify: (authorization, kind) => {
      if (authorization === undefined) return { kind: "none" };
      const token = tokenIn(authorization, kind);
      const login = token === undefined ? undefined : logins.get(token);
      return login === undefined ? { kind: "invalid" } : { kind: "user", login };
    },
    idOf: (login) => {
      const key = login.toLowerCase();
      const id = ids.get(key) ?? ids.size + 1;
      ids.set(key, id);
      return id;
    },
  };
}

function tokenIn(authorization: string, kind: "rest" | "git" | "page"): string | undefined {
  const [, scheme = "", value = ""] = /^(\S+)\s+(.*)$/.exec(authorization) ?? [];
  switch (scheme.toLowerCase()) {
    case "basic": {
      const pair = Buffer.from(value, "base64").toString("utf8");
      const colon = pair.indexOf(":");
      return colon < 0 ? undefined : pair.slice(colon + 1);
    }
    case "token":
    case "bearer":
      return kind === "git" ? undefined : value;
    default:
      return undefined;
  }
}
