import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sourceFile, type SourceFile } from '../../src/topology/files.ts'
import { readProfile, type VpnProfile } from '../../src/windows/profile-xml.ts'

const data = path.resolve(process.env['SALLYPORT_DATA'] ?? '../shared/data', 'profilexml')
const contoso = sourceFile(
  fileURLToPath(new URL('../../topologies/contoso/topology.ts', import.meta.url)),
  './user-tunnel.xml',
)
const written = (text: string): SourceFile => ({ path: 'p.xml', text, encoding: 'utf-8' })

function profileOf(file: SourceFile): VpnProfile {
  const read = readProfile(file)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value
}
const refused = (text: string): string[] => {
  const read = readProfile(written(text))
  return read.ok ? [] : read.error.map((p) => `${p.line}:${p.column} ${p.message}`)
}
const values = (list: readonly { readonly value: unknown }[] = []) => list.map(({ value }) => value)

describe.skipIf(!existsSync(data))('profiles from the field', () => {
  const real = (name: string) => sourceFile(path.join(data, 'x'), name)

  test('the user tunnel', () => {
    const profile = profileOf(real('ProfileXML_User.xml'))
    expect(profile.alwaysOn).toEqual({ value: true, at: { line: 4, column: 14 } })
    expect(values(profile.dnsSuffixes)).toEqual([
      'corp.example.net',
      'finance.example.net',
      'hr.example.net',
      'lab.example.net',
    ])
    expect(profile.dnsSuffixes[2]?.at).toEqual({ line: 5, column: 52 })
    expect(values(profile.trustedNetworks)).toEqual(['corp.example.net'])
    expect(profile.deviceTunnel).toBeUndefined()
    expect(profile.registerDns?.value).toBe(true)
    expect(values(profile.nativeProfile?.servers)).toEqual(['vpn.example.net', 'vpn.example.net'])
    expect(profile.nativeProfile?.routingPolicyType?.value).toBe('SplitTunnel')
    expect(profile.nativeProfile?.nativeProtocolType?.value).toBe('Automatic')
    expect(profile.nativeProfile?.disableClassBasedDefaultRoute?.value).toBe(true)
    expect(
      profile.routes.map(
        (r) => `${r.address.value}/${r.prefixSize.value} ${r.exclusionRoute?.value}`,
      ),
    ).toEqual([
      '10.0.0.0/8 undefined',
      '172.16.0.0/12 undefined',
      '192.168.0.0/16 undefined',
      '2001:db8:2112::/48 undefined',
      '203.0.113.83/32 true',
      '192.0.2.0/24 true',
    ])
    const [rule] = profile.domainNameInformation
    expect(rule?.domainName.value).toBe('.corp.example.net')
    expect(values(rule?.dnsServers)).toEqual(['10.21.12.100', '10.21.12.101'])
    expect(profile.notes).toEqual([])
  })

  test('the device tunnel', () => {
    const profile = profileOf(real('ProfileXML_Device.xml'))
    expect(profile.deviceTunnel?.value).toBe(true)
    expect(profile.routes.map(({ prefixSize }) => prefixSize.value)).toEqual([32, 32, 128])
    expect(profile.domainNameInformation).toEqual([])
    expect(profile.notes).toEqual([])
  })
})

test('the same profile in UTF-16 is the same profile', () => {
  const changed = contoso.text.replace('encoding="utf-8"', 'encoding="utf-16"')
  const wide = profileOf({ ...contoso, text: changed, encoding: 'utf-16le' })
  const strip = (profile: VpnProfile) => ({ ...profile, document: undefined })
  expect(strip(wide)).toEqual(strip(profileOf(contoso)))
})

const rule = (inside: string): string =>
  `<VPNProfile><DomainNameInformation>${inside}</DomainNameInformation></VPNProfile>`

test('DNS servers that are omitted, blank and given are three things', () => {
  const servers = (inside: string) =>
    profileOf(written(rule(`<DomainName>.x</DomainName>${inside}`))).domainNameInformation[0]!
      .dnsServers
  expect(servers('')).toBeUndefined()
  expect(servers('<DnsServers/>')).toEqual([])
  expect(servers('<DnsServers>  \n </DnsServers>')).toEqual([])
  expect(values(servers('<DnsServers>10.0.0.1 , 10.0.0.2</DnsServers>'))).toEqual([
    '10.0.0.1',
    '10.0.0.2',
  ])
})

test('a list over several lines keeps the place of each entry', () => {
  const profile = profileOf(
    written('<VPNProfile>\r\n<DnsSuffix>\r\n  a.x,\r\n  b.x , c.x</DnsSuffix></VPNProfile>'),
  )
  expect(profile.dnsSuffixes).toEqual([
    { value: 'a.x', at: { line: 3, column: 3 } },
    { value: 'b.x', at: { line: 4, column: 3 } },
    { value: 'c.x', at: { line: 4, column: 9 } },
  ])
})

test.for([
  ['true', true],
  ['TRUE', true],
  [' False ', false],
  ['1', true],
  ['0', false],
] as const)('a boolean may be written %j', ([text, value]) => {
  const profile = profileOf(written(`<VPNProfile><AlwaysOn>${text}</AlwaysOn></VPNProfile>`))
  expect(profile.alwaysOn?.value).toBe(value)
})

test('flags of a name rule are told apart from their absence', () => {
  const [first] = profileOf(
    written(
      rule(
        '<DomainName>.</DomainName><AutoTrigger>true</AutoTrigger><Persistent>false</Persistent>',
      ),
    ),
  ).domainNameInformation
  expect(first?.autoTrigger?.value).toBe(true)
  expect(first?.persistent?.value).toBe(false)
  expect(first?.webProxyServers).toBeUndefined()
})

describe('what cannot be read is said with its place', () => {
  test.for<[text: string, told: string[]]>([
    [
      '<VPNProfile>\n<AlwaysOn>true</AlwaysOn',
      ['2:25 the document ends inside <AlwaysOn>, opened at line 2'],
    ],
    ['<Profile/>', ['1:1 the root element is <Profile>, not <VPNProfile>']],
    [
      '<VPNProfile>\n <AlwaysOn>yes</AlwaysOn>\n</VPNProfile>',
      ["2:12 <AlwaysOn> is 'yes', not true or false"],
    ],
    [
      '<VPNProfile><Route><Address>10.0.0.256</Address><PrefixSize>33</PrefixSize></Route></VPNProfile>',
      [
        "1:29 '10.0.0.256' is not an IP address",
        "1:61 <PrefixSize> is '33', not a number from 0 to 32",
      ],
    ],
    [
      '<VPNProfile><Route><Address>10.0.0.0</Address></Route></VPNProfile>',
      ['1:13 <Route> needs a <PrefixSize>'],
    ],
    [
      rule('<DnsServers>dc1</DnsServers>'),
      ["1:48 'dc1' is not an IP address", '1:13 <DomainNameInformation> needs a <DomainName>'],
    ],
    [
      '<VPNProfile><NativeProfile><RoutingPolicyType>Split</RoutingPolicyType></NativeProfile></VPNProfile>',
      ["1:47 <RoutingPolicyType> is 'Split', not SplitTunnel, ForceTunnel"],
    ],
    [
      '<VPNProfile><NativeProfile><NativeProtocolType>IKEv1</NativeProtocolType></NativeProfile></VPNProfile>',
      [
        "1:48 <NativeProtocolType> is 'IKEv1', not PPTP, L2TP, IKEv2, Automatic, SSTP, ProtocolList; did you mean 'IKEv2'?",
      ],
    ],
  ])('%s', ([text, told]) => {
    expect(refused(text)).toEqual(told)
  })
})

test('what Windows ignores is noted', () => {
  const profile = profileOf(
    written(
      '<VPNProfile><alwayson>true</alwayson><DomainNameInformationList/><AlwaysOn>1</AlwaysOn><AlwaysOn>0</AlwaysOn>>></VPNProfile>',
    ),
  )
  expect(profile.alwaysOn?.value).toBe(true)
  expect(profile.notes.map(({ code, message }) => `${code}: ${message}`)).toEqual([
    'letter-case: <alwayson> is not an element of <VPNProfile>; write <AlwaysOn>',
    'unknown-element: <DomainNameInformationList> is not an element of <VPNProfile>',
    "stray-text: text '>>' between the elements of <VPNProfile>",
    'repeated: <AlwaysOn> stands in <VPNProfile> more than once',
  ])
})

test('no truncation and no mutation of a profile raises an exception', () => {
  const { text } = contoso
  for (let length = 0; length < text.length; length += 7) {
    expect(readProfile(written(text.slice(0, length))).ok).toBe(false)
  }
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(text.length), fc.nat(40), fc.string({ maxLength: 5 })), {
        minLength: 1,
        maxLength: 4,
      }),
      (cuts) => {
        const mutated = cuts.reduce(
          (left, [at, gone, put]) => left.slice(0, at) + put + left.slice(at + gone),
          text,
        )
        const read = readProfile(written(mutated))
        expect(read.ok || read.error.length > 0).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})
