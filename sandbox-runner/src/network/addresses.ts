/** Which IP addresses may be connected to on behalf of a sandbox, whatever name led to them. */
import { BlockList, isIP, isIPv4 } from "node:net";

/** Networks of the operator's own: reached only for hosts that are listed as private. */
const PRIVATE = subnets([
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  // shared address space of carriers, RFC 6598
  "100.64.0.0/10",
  "127.0.0.0/8",
  "::1/128",
  // unique local addresses, RFC 4193
  "fc00::/7",
  // for documentation and benchmarks, and so free for private use
  "192.0.2.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "2001:db8::/32",
  "3fff::/20",
]);

/** Never reached: nothing a package comes from, and where clouds hand out credentials. */
const FORBIDDEN = subnets([
  // https://www.iana.org/assignments/iana-ipv4-special-registry
  "0.0.0.0/8",
  "169.254.0.0/16",
  "192.0.0.0/24",
  "192.88.99.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // metadata services outside of the link-local range: Alibaba's, Azure's, EC2's
  "100.100.100.200/32",
  "168.63.129.16/32",
  "fd00:ec2::/32",
  // within 2000::/3, https://www.iana.org/assignments/iana-ipv6-special-registry: protocol assignments
  // with Teredo, 6to4
  "2001::/23",
  "2002::/16",
]);

/** The global unicast addresses that are assigned; translated, link-local and multicast ones lie outside. */
const GLOBAL_IPV6 = subnets(["2000::/3"]);

/** Another spelling of IPv4 addresses, which BlockList looks through. */
const MAPPED = subnets(["::ffff:0:0/96"]);

/** `address` as a resolver gives it; `mayBePrivate` for hosts that the operator has listed as such. */
export function isReachable(address: string, mayBePrivate: boolean): boolean {
  const family = familyOf(address);
  // a zone ("%eth0") belongs to link-local addresses only
  if (!isIP(address) || address.includes("%") || FORBIDDEN.check(address, family)) return false;
  if (family === "ipv6" && MAPPED.check(address, family)) return false;
  if (PRIVATE.check(address, family)) return mayBePrivate;
  return family === "ipv4" || GLOBAL_IPV6.check(address, family);
}

function subnets(list: readonly string[]): BlockList {
  const blocks = new BlockList();
  for (const subnet of list) {
    const [network = "", prefix] = subnet.split("/");
    blocks.addSubnet(network, Number(prefix), familyOf(network));
  }
  return blocks;
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv4(address) ? "ipv4" : "ipv6";
}
