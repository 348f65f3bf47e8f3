/** Values of the form that vendors' secrets have, made when a test runs: no file has one in it. */
import { randomNumbers } from "./random.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS = "0123456789";
const WORD = LETTERS + DIGITS;
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const next = randomNumbers(11);

function some(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet.charAt(Math.floor(next() * alphabet.length))).join("");
}

/** A PEM block as OpenSSL writes one. */
function pem(kind: string, begins: string, indent = "", end = "\n"): string {
  const label = `${kind}PRIVATE KEY-----`;
  const body = Array.from({ length: 12 }, (_, i) => (i === 0 ? begins : "") + some(WORD, 64).slice(0, 60));
  return [`-----BEGIN ${label}`, ...body, `-----END ${label}`].map((line) => indent + line).join(end);
}

const slack = `${some(DIGITS, 12)}-${some(DIGITS, 13)}-${some(WORD, 24)}`;

/** Each with the words for its kind, and the file it would stand in where that matters. */
export const FAKE_SECRETS: readonly {
  readonly kind: string;
  readonly value: string;
  readonly path?: string;
  /** Around the value, where it is known by what stands before it. */
  readonly line?: (value: string) => string;
}[] = [
  { kind: "GitHub Token", value: `ghp_${some(WORD, 36)}` },
  { kind: "GitHub Token", value: `ghs_${some(WORD, 36)}` },
  { kind: "GitHub Token", value: `github_pat_${some(WORD, 82)}` },
  { kind: "GitLab Personal Access Token", value: `glpat-${some(WORD, 20)}` },
  { kind: "AWS Access Key ID", value: `AKIA${some(UPPER, 16)}` },
  { kind: "AWS Access Key ID", value: `ASIA${some(UPPER, 16)}` },
  {
    kind: "AWS Secret Access Key",
    value: some(WORD, 40),
    line: (value) => `AWS_SECRET_ACCESS_KEY=${value}`,
  },
  { kind: "OpenAI API token", value: `sk-${some(WORD, 20)}T3BlbkFJ${some(WORD, 20)}` },
  { kind: "OpenAI API token", value: `sk-proj-${some(WORD, 74)}T3BlbkFJ${some(WORD, 74)}` },
  { kind: "Anthropic Claude API key", value: `sk-ant-api03-${some(WORD, 93)}AA` },
  { kind: "Groq API key", value: `gsk_${some(WORD, 52)}` },
  { kind: "Hugging Face User Access Token", value: `hf_${some(LETTERS, 34)}` },
  { kind: "slack token", value: `xoxb-${slack}` },
  { kind: "slack token", value: `xoxp-${slack}` },
  {
    kind: "Slack Incoming Webhook",
    value: `https://hooks.slack.com/services/T${some(UPPER, 8)}/B${some(UPPER, 8)}/${some(WORD, 24)}`,
  },
  { kind: "npm access token", value: `npm_${some(WORD, 36)}` },
  {
    kind: "npmrc authToken",
    value: some(WORD, 36),
    path: ".npmrc",
    line: (value) => `//registry.npmjs.org/:_authToken=${value}`,
  },
  { kind: "private key", value: pem("", "MIIE") },
  { kind: "private key", value: pem("RSA ", "MIIE", "    ") },
  { kind: "private key", value: pem("EC ", "MHcC".replace("MHcC", "MIGH"), "", "\r\n") },
  { kind: "private key", value: pem("OPENSSH ", "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAA") },
  {
    kind: "private key",
    value: pem("", "MIIE", "", "\\n"),
    line: (value) => `{"private_key": "${value}\\n"}`,
  },
  { kind: "Stripe Live Secret Key", value: `sk_live_${some(WORD, 24)}` },
  { kind: "Sendgrid api key", value: `SG.${some(WORD, 22)}.${some(WORD, 43)}` },
  { kind: "Shopify api key", value: `shpat_${some(WORD, 32)}` },
  { kind: "Docker Personal Access Token", value: `dckr_pat_${some(WORD, 27)}` },
  { kind: "HashiCorp Vault service token", value: `hvs.${some(WORD, 95)}` },
  { kind: "Cloudflare User API Token", value: `cfut_${some(WORD, 40)}${some("0123456789abcdef", 8)}` },
  { kind: "PostgreSQL connection string", value: `postgres://app:${some(WORD, 16)}@db.acme.io:5432/app` },
  {
    kind: "MongoDB connection string",
    value: `mongodb+srv://app:${some(WORD, 16)}@c0.ab1cd.mongodb.net/app`,
  },
  { kind: "basic auth credential", value: `https://deploy:${some(WORD, 16)}@artifacts.acme.io` },
];

/** A GitHub token nobody has: another one each time. */
export function fakeToken(): string {
  return `ghp_${some(WORD, 36)}`;
}
