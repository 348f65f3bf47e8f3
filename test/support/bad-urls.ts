/** Repository URLs that must be refused: other hosts, folded hosts, credentials, ports, odd names. */
import { type BadRequest, CANARY, refused } from "./bad-request.ts";

/** A bad value of `repoUrl`, and what the message says about it. */
export function urlRequests(serverUrl: string): BadRequest[] {
  const [scheme = "", host = ""] = serverUrl.split("://");
  const ask = `send ${serverUrl}/owner/name`;
  const elsewhere = (url: string): [string, string] => [
    url,
    `repoUrl must start with ${serverUrl}/, which '${url}' does not; ${ask}.`,
  ];
  const character = (url: string, code: string): [string, string] => [
    url,
    `repoUrl contains the character ${code}, which a repository URL cannot have; ${ask}.`,
  ];
  const percent = (url: string): [string, string] => [
    url,
    `repoUrl contains '%', which a repository URL cannot have; ${ask}.`,
  ];
  const credentials = (url: string): [string, string] => [
    url,
    `repoUrl must not contain credentials or '@' (the service has its own token); ${ask}.`,
  ];
  const badName = (url: string): [string, string] => [
    url,
    `repoUrl names a repository GitHub cannot have (up to 100 letters, digits, '.', '_' and '-', not ending in '.git') in '${url}'.`,
  ];
  const badOwner = (url: string): [string, string] => [
    url,
    `repoUrl names an owner GitHub cannot have (up to 39 letters, digits and hyphens) in '${url}'.`,
  ];
  const incomplete = (url: string): [string, string] => [
    url,
    `repoUrl needs an owner and a repository name, which '${url}' lacks; ${ask}.`,
  ];
  const tooDeep = (url: string): [string, string] => [
    url,
    `repoUrl must name a repository and nothing inside it, unlike '${url}'; ${ask}.`,
  ];
  const query = (url: string): [string, string] => [
    url,
    `repoUrl must not have a query or a fragment; ${ask}.`,
  ];

  const table: [string, [string, string]][] = [
    // another host, however it is written
    ["an IP address as one number", elsewhere("https://2130706433/octocat/hello")],
    ["an IP address in octal", elsewhere("https://0177.0.0.1/octocat/hello")],
    ["an IP address in hexadecimal", elsewhere("https://0x7f.1/octocat/hello")],
    ["an IPv4 address inside IPv6", elsewhere("https://[::ffff:127.0.0.1]/octocat/hello")],
    ["IPv6 loopback", elsewhere("http://[::1]/octocat/hello")],
    ["the metadata service", elsewhere("http://169.254.169.254/latest/meta-data")],
    ["localhost", elsewhere("http://localhost/octocat/hello")],
    ["the allowed host as a prefix", elsewhere(`${serverUrl}.evil/octocat/hello`)],
    ["the allowed host as a label", elsewhere("https://evil.github.com.evil.example/octocat/hello")],
    ["a look-alike host", elsewhere("https://gist.github.com/octocat/hello")],
    ["a host with a trailing dot", elsewhere(`${scheme}://${host}./octocat/hello`)],
    // folded into the allowed host by URL parsers
    ["an ideographic full stop", character("https://github。com/octocat/hello", "U+3002")],
    ["full-width letters", character("https://ｇithub.com/octocat/hello", "U+FF47")],
    ["a full-width solidus", character("https://github.com／octocat/hello", "U+FF0F")],
    ["a full-width at sign", character(`https://user:${CANARY}＠github.com/octocat/hello`, "U+FF20")],
    ["a soft hyphen", character("https://git\u00adhub.com/octocat/hello", "U+00AD")],
    ["a zero-width space", character(`${serverUrl}/octocat/hel\u200blo`, "U+200B")],
    ["a right-to-left override", character(`${serverUrl}/octocat/\u202eolleh`, "U+202E")],
    ["a letter that only lower-cases to ASCII", character("https://github.com/octocat/\u212aey", "U+212A")],
    ["half of a surrogate pair", character(`${serverUrl}/octocat/\ud800`, "U+D800")],
    ["a tab inside the host", character("https://git\thub.com/octocat/hello", "U+0009")],
    ["a line break inside the host", character("https://git\nhub.com/octocat/hello", "U+000A")],
    ["a NUL at the end", character(`${serverUrl}/octocat/hello\0`, "U+0000")],
    ["a space in front", [` ${serverUrl}/octocat/hello`, `repoUrl contains a space; ${ask}.`]],
    ["backslashes after the scheme", elsewhere("https:\\\\github.com\\octocat\\hello")],
    ["a backslash before the owner", elsewhere(`${serverUrl}\\octocat/hello`)],
    ["no slashes after the scheme", elsewhere("https:github.com/octocat/hello")],
    ["one slash after the scheme", elsewhere("https:/github.com/octocat/hello")],
    ["three slashes after the scheme", elsewhere("https:///github.com/octocat/hello")],
    // credentials
    ["a user and a token", credentials(`${scheme}://user:${CANARY}@${host}/octocat/hello`)],
    ["a token alone", credentials(`${scheme}://${CANARY}@${host}/octocat/hello`)],
    ["the allowed host as a user", credentials(`${serverUrl}@evil.example/octocat/${CANARY}`)],
    ["an at sign behind a fragment", credentials(`${serverUrl}#@evil.example/octocat/hello`)],
    ["an scp-like address", credentials("git@github.com:octocat/hello.git")],
    ["an ssh address", credentials("ssh://git@github.com/octocat/hello")],
    ["an at sign in the name", credentials(`${serverUrl}/octocat/hello@main`)],
    ["an encoded at sign", percent(`https://${CANARY}%40github.com/octocat/hello`)],
    // port, scheme, query
    ["another port", elsewhere("https://github.com:22/octocat/hello")],
    ["a port more", elsewhere(`${serverUrl}:0/octocat/hello`)],
    ["plain http", elsewhere("http://github.com/octocat/hello")],
    ["a file", elsewhere("file:///etc/passwd")],
    ["the git protocol", elsewhere("git://github.com/octocat/hello")],
    ["a script", elsewhere("javascript:alert(1)")],
    ["git's ext helper", elsewhere("ext::sh")],
    ["no scheme", elsewhere("github.com/octocat/hello")],
    ["a path alone", elsewhere("/octocat/hello")],
    ["a query", query(`${serverUrl}/octocat/hello?access_token=${CANARY}`)],
    ["an empty query", query(`${serverUrl}/octocat/hello?`)],
    ["a fragment", query(`${serverUrl}/octocat/hello#readme`)],
    // owner and name
    ["nothing", ["", `repoUrl is empty; ${ask}.`]],
    ["the origin alone", incomplete(`${serverUrl}/`)],
    ["no name", incomplete(`${serverUrl}/octocat`)],
    ["no owner", incomplete(`${serverUrl}//hello`)],
    ["dots as a name", badName(`${serverUrl}/octocat/..`)],
    ["a dot as a name", badName(`${serverUrl}/octocat/.`)],
    ["dots as an owner", badOwner(`${serverUrl}/../hello`)],
    [".git as a name", badName(`${serverUrl}/octocat/.git`)],
    ["a name that ends in .git twice", badName(`${serverUrl}/octocat/hello.git.GIT`)],
    [
      "a name of 101 characters",
      [
        `${serverUrl}/octocat/${"a".repeat(101)}`,
        `repoUrl names a repository GitHub cannot have (up to 100 letters, digits, '.', '_' and '-', not ending in '.git') in '${`${serverUrl}/octocat/${"a".repeat(101)}`.slice(0, 100)}…'.`,
      ],
    ],
    ["an owner of 40 characters", badOwner(`${serverUrl}/${"a".repeat(40)}/hello`)],
    ["an owner with a leading hyphen", badOwner(`${serverUrl}/-octocat/hello`)],
    ["an owner with a dot", badOwner(`${serverUrl}/octo.cat/hello`)],
    ["an encoded traversal", percent(`${serverUrl}/octocat/%2e%2e`)],
    ["two slashes at the end", tooDeep(`${serverUrl}/octocat/hello//`)],
    ["a page inside the repository", tooDeep(`${serverUrl}/octocat/hello/tree/main`)],
    ["a climb out of the repository", tooDeep(`${serverUrl}/octocat/hello/../../evil`)],
    [
      "a URL of 3,000 characters",
      [`${serverUrl}/octocat/${"a".repeat(3_000)}`, `repoUrl is longer than 300 characters; ${ask}.`],
    ],
  ];
  return table.map(([name, [repoUrl, message]]) =>
    refused(`a repository URL with ${name}`, { repoUrl, prompt: "Fix it" }, [{ field: "repoUrl", message }]),
  );
}
