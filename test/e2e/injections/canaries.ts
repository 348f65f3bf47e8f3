/** Secrets that must turn up nowhere, and the forms they could turn up in. */

/**
 * One for everything that is secret. None looks like a token, so that only who knows it can take it out; some have
 * signs that URLs, base64 and Markdown change.
 */
export const CANARIES = {
  GITHUB_TOKEN: "g7Qm2Xv9LkT4-sWz8RbN1cYd6_KpE3fUa",
  OPENAI_API_KEY: "Hj5Pw0ZtG3x.Vu7EqMf2KaL9s_Bi4RoXc",
  ANTHROPIC_API_KEY: "n8Rd4YcS6vX.i1OoJg5TzW3k-Qm7FhUe2",
  AWS_ACCESS_KEY_ID: "Fe7Hs2VqN9b:Lx4UyCm6PjD0w-Gt1ZrKa",
  AWS_SECRET_ACCESS_KEY: "s+Vd3NyK8tR/z5GhQ/fB1uXo7Mi+Ww0JcE",
  ADMIN_TOKEN: "Lw6U@e2QpD#9yFh4Mb://8NxRc0&amp;Zt5K",
  API_TOKENS: "p/Zs1Kg7Tq3W+j9Xe5Ub2Of8Hm/Yr6NdL4",
  "X-OpenAI-Api-Key": "Yt4Cw8JdP2n_Sv6RkZq0HuG5m-Xb9EoFi",
  "X-Anthropic-Api-Key": "Dk9Mz3FbW7r_Te1LoXi5NvQ8c-Jh2UsPy",
} as const;
export type Canary = keyof typeof CANARIES;

export const FORMS = ["raw", "reversed", "base64", "base64 at 1", "base64 at 2", "hexadecimal"] as const;
export type Form = (typeof FORMS)[number];

/**
 * A secret in one form, as `squeeze` leaves it. Of base64, the signs that depend on nothing but the secret,
 * which is at an offset in threes of bytes in a longer text.
 */
export function inForm(secret: string, form: Form): string {
  switch (form) {
    case "raw":
      return squeeze(secret);
    case "reversed":
      return squeeze(Array.from(secret).reverse().join(""));
    case "base64":
      return base64Core(secret, 0);
    case "base64 at 1":
      return base64Core(secret, 1);
    case "base64 at 2":
      return base64Core(secret, 2);
    case "hexadecimal":
      return Buffer.from(secret).toString("hex");
  }
}

/** Six bits a sign (RFC 4648), so that the signs at the ends belong to what is around the secret as well. */
function base64Core(secret: string, offset: number): string {
  const bytes = Buffer.from("\0".repeat(offset) + secret);
  const start = Math.ceil((offset * 8) / 6);
  return squeeze(bytes.toString("base64").slice(start, Math.floor((bytes.length * 8) / 6)));
}

/** Only letters and digits, in lower case: what is put between or around them hides nothing, whatever it is. */
export function squeeze(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "");
}
