/** L03, L04, L23 to L25: suffixes, trusted networks and the servers' names. */
import { parseAddress } from '../../base/address.ts'
import type { Placed } from '../../windows/xml-values.ts'
import { parseName } from '../../wire/dns/name.ts'
import { value, word } from './edits.ts'
import { distinctHostsOf, isOn, rootAt } from './reading.ts'
import { error, info, versionOf, warning, type ProfileRule } from './rule.ts'

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/i

const isDomain = (name: string): boolean => {
  const read = parseName(name)
  return read.ok && read.value.length > 0 && read.value.every((label) => LABEL.test(label))
}

/** `a.b.c` below or equal to `b.c`. */
const isBelow = (name: string, suffix: string): boolean =>
  `.${name.toLowerCase()}`.endsWith(`.${suffix.toLowerCase().replace(/^\./, '')}`)

const dnsSuffix: ProfileRule = {
  id: 'L03',
  about: 'DnsSuffix names the suffixes by which short names are looked up',
  source: 'VPNv2 CSP, DnsSuffix',
  judge: ({ profile }) => [
    profile.dnsSuffixes.length === 0 &&
      warning(
        rootAt(profile),
        'no DnsSuffix: short names such as \\\\fs1 are not found',
        'write <DnsSuffix>corp.example.com</DnsSuffix>',
      ),
    ...profile.dnsSuffixes.map(
      ({ value, at }) =>
        !isDomain(value) &&
        error(
          at,
          `DNS suffix '${value}' is not a domain name`,
          value.startsWith('.') ? 'write it without the dot in front' : 'correct the name',
          value.startsWith('.') ? word(at, value, value.slice(1)) : undefined,
        ),
    ),
  ],
}

const trustedNetworks: ProfileRule = {
  id: 'L04',
  about:
    'TrustedNetworkDetection lists the suffixes of the inside, with commas and nothing else between',
  source: 'VPNv2 CSP, TrustedNetworkDetection',
  judge: ({ profile }) => {
    const written = profile.document.children.find(({ name }) => name === 'TrustedNetworkDetection')
    return [
      profile.trustedNetworks.length === 0 &&
        !isOn(profile.lockDown) &&
        warning(
          written?.textAt ?? rootAt(profile),
          'no TrustedNetworkDetection: the tunnel comes up inside the office, too',
          'write the DNS suffix of the office networks',
        ),
      written !== undefined &&
        /\s,|,\s/.test(written.text.trim()) &&
        warning(
          written.textAt,
          'blanks around the commas of TrustedNetworkDetection: Windows compares them with the name',
          'separate the suffixes by a comma alone',
          value(written.textAt, (text) => text.replace(/\s*,\s*/g, ',')),
        ),
    ]
  },
}

const serverNames: ProfileRule = {
  id: 'L23',
  about: 'Servers are fully qualified names, which a certificate can have',
  source: 'VPNv2 CSP, NativeProfile/Servers',
  judge: ({ profile }) =>
    distinctHostsOf(profile).map(({ value, at }) => {
      const fix = 'write the public name that is in the certificate of the gateway'
      if (parseAddress(value) !== undefined)
        return warning(at, `server ${value} is an address; the certificate has a name (13801)`, fix)
      if (!isDomain(value)) return error(at, `server '${value}' is not a host name`, fix)
      return (
        !value.includes('.') &&
        warning(at, `server '${value}' is not fully qualified; the certificate is (13801)`, fix)
      )
    }),
}

const repeatedServer: ProfileRule = {
  id: 'L24',
  about: 'Servers are written as Windows 11 gives them back',
  source: 'richardhicks/aovpn, ProfileXML_User.xml',
  judge: ({ profile, context }) => {
    const [only, second] = profile.nativeProfile?.servers ?? []
    if (only === undefined || second !== undefined) return []
    if (versionOf(context) === 'windows-10') return []
    return [
      info(
        only.at,
        `Windows 11 gives Servers back as ${only.value};${only.value}: Intune takes that for a failure and installs again`,
        `write ${only.value};${only.value} where Intune delivers to Windows 11`,
        word(only.at, only.value, `${only.value};${only.value}`),
      ),
    ]
  },
}

const publicServer: ProfileRule = {
  id: 'L25',
  about: 'Servers are names of public DNS',
  source: 'tutorial-aovpn-deploy-setup.md; VPNv2 CSP, NativeProfile/Servers',
  withTopology: 'part',
  judge: ({ profile, context }) =>
    distinctHostsOf(profile)
      .filter(({ value }) => parseAddress(value) === undefined && value.includes('.'))
      .map(({ value, at }) => {
        const found = context.publicAddresses?.(value)
        if (found !== undefined) {
          return (
            found.length === 0 &&
            error(
              at,
              `public DNS has no address for ${value}: clients see 868`,
              'add an A record with the public address of the edge firewall',
            )
          )
        }
        const suffix = internalSuffix(value, [...profile.trustedNetworks, ...profile.dnsSuffixes])
        return (
          suffix !== undefined &&
          warning(
            at,
            `${value} is below ${suffix.value}, which means inside: outside nobody knows it, unless the name is in both views`,
            'name the gateway in the public zone',
          )
        )
      }),
}

const internalSuffix = (
  host: string,
  suffixes: readonly Placed<string>[],
): Placed<string> | undefined => suffixes.find(({ value }) => isBelow(host, value))

export const NAME_RULES: readonly ProfileRule[] = [
  dnsSuffix,
  trustedNetworks,
  serverNames,
  repeatedServer,
  publicServer,
]
