/** The EAP configuration of a ProfileXML: values with their places, what is malformed, and the file of the Contoso deployment. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileTopology } from '../../src/lab/compile.ts'
import { thumbprint } from '../../src/pki/certificate/thumbprint.ts'
import { sourceFile, type SourceFile } from '../../src/topology/files.ts'
import { readProfile } from '../../src/windows/profile-xml.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

const user = contoso.nodes.laptop.kind === 'host' ? contoso.nodes.laptop.profiles?.user : undefined
const text = user!.text

const read = (changed: string) =>
  readProfile({ path: 'user-tunnel.xml', text: changed, encoding: 'utf-8' })
function eapOf(changed: string) {
  const profile = read(changed)
  if (!profile.ok) throw new Error(JSON.stringify(profile.error))
  return profile.value.nativeProfile?.eap
}
const problemsOf = (changed: string): readonly string[] => {
  const profile = read(changed)
  return profile.ok ? [] : profile.error.map(({ line, message }) => `${line}: ${message}`)
}
/** The number of the line on which `part` stands first. */
const lineOf = (part: string): number => text.slice(0, text.indexOf(part)).split('\n').length

test('PEAP with EAP-TLS inside, as Contoso installs it', () => {
  const eap = eapOf(text)!
  expect(eap.type).toEqual({ value: 25, at: { line: lineOf('>25</Type>'), column: 77 } })
  expect(eap.innerType?.value).toBe(13)
  expect(eap.server).toMatchObject({ performs: true, acceptsServerName: true, prompt: 'never' })
  expect(eap.server?.serverNames).toEqual([
    {
      value: 'nps1.corp.contoso.com',
      at: { line: lineOf('<ServerNames>'), column: 34 },
    },
  ])
  expect(eap.tls).toMatchObject({
    credentials: 'certificate-store',
    simpleCertSelection: { value: true },
    server: { performs: true, serverNames: [{ value: 'nps1.corp.contoso.com' }] },
    filter: { allPurpose: false, clientAuth: [] },
  })
  expect(eap.requireCryptoBinding?.value).toBe(true)
  expect(eap.fastReconnect?.value).toBe(true)
})

test('the profile lists the thumbprint of the root that the Contoso topology issues', () => {
  const compiled = compileTopology(contoso)
  const root = compiled.ok ? compiled.value.pki.authority('rootCa')?.certificate : undefined
  const wanted = thumbprint(root!)
  const written = wanted.match(/../g)!.join(' ')
  const eap = eapOf(text)
  const listed = [
    ...(eap?.server?.trustedRoots ?? []),
    ...(eap?.tls?.server?.trustedRoots ?? []),
  ].map(({ value }) => value)
  const pinned = [...listed, ...(eap?.tls?.filter?.issuers ?? [])]
  // Whoever changes how the root is issued reads here what to write into the file, in three places.
  const advice = `topologies/contoso/user-tunnel.xml: write ${written} for the root of Contoso`
  const isRight = pinned.length === 3 && pinned.every((each) => each === wanted)
  expect(isRight ? 'the root of Contoso' : advice).toBe('the root of Contoso')
})

describe('what else may stand there', () => {
  const changed = (from: string | RegExp, to: string) => eapOf(text.replace(from, to))

  test('several servers are split at semicolons, and a blank belongs to its name', () => {
    const eap = changed('>nps1.corp', '>nps1.contoso.com; nps2.contoso.com;nps3.corp')
    const names = eap?.server?.serverNames.map(({ value }) => value)
    expect(names).toEqual(['nps1.contoso.com', ' nps2.contoso.com', 'nps3.corp.contoso.com'])
  })

  test('a name that cannot match is a note, for Windows takes it', () => {
    const profile = read(text.replace('>nps1.corp', '>"nps1".corp'))
    expect(profile.ok && profile.value.notes).toMatchObject([
      { code: 'server-name', message: expect.stringContaining('quotes') },
    ])
  })

  const notAsked = /(<AcceptServerName[^>]*MsPeap[^>]*>)true/
  test('what PEAP asks of the server is switched off among its extensions', () => {
    expect(changed(notAsked, '$1false')?.server?.acceptsServerName).toBe(false)
    const off = changed(/(<PerformServerValidation[^>]*MsPeap[^>]*>)true/, '$1false')
    expect(off?.server?.performs).toBe(false)
    expect(off?.tls?.server?.performs).toBe(true)
  })

  test('the user may be asked in two ways', () => {
    const may = text.replace(
      '<DisableUserPromptForServerValidation>true',
      '<DisableUserPromptForServerValidation>false',
    )
    expect(eapOf(may)?.server?.prompt).toBe('if-not-specified')
    const v2 =
      '<PeapExtensionsV2><AllowPromptingWhenServerCANotFound>true</AllowPromptingWhenServerCANotFound></PeapExtensionsV2></PeapExtensions>'
    expect(eapOf(may.replace('</PeapExtensions>', v2))?.server?.prompt).toBe('if-not-verified')
  })

  test('a filter with purposes of one’s own', () => {
    const entra = `<AllPurposeEnabled>true</AllPurposeEnabled>
      <EKUMapping><EKUMap><EKUName>Entra</EKUName><EKUOID>1.3.6.1.4.1.311.87</EKUOID></EKUMap></EKUMapping>
      <ClientAuthEKUList Enabled="true"><EKUMapInList><EKUName>Entra</EKUName></EKUMapInList></ClientAuthEKUList>
      <AnyPurposeEKUList Enabled="false" />`
    const filter = changed('<ClientAuthEKUList Enabled="true" />', entra)?.tls?.filter
    expect(filter).toMatchObject({ allPurpose: true, clientAuth: ['1.3.6.1.4.1.311.87'] })
    expect(filter?.anyPurpose).toBeUndefined()
  })

  test('EAP-TLS alone, a smart card, no root, no names', () => {
    const alone = `<Type>13</Type><EapType><CredentialsSource><SmartCard/></CredentialsSource>
      <ServerValidation><TrustedRootCA></TrustedRootCA></ServerValidation></EapType>`
    const body = text
      .replace('>25</Type>', '>13</Type>')
      .replace(/<Type>25<\/Type>[\s\S]*(?=<\/Eap>\s*<\/Config>)/, alone)
    expect(eapOf(body)).toMatchObject({
      type: { value: 13 },
      server: { prompt: 'if-not-specified', serverNames: [], trustedRoots: [] },
      tls: { credentials: 'smart-card' },
    })
  })
})

describe('what is malformed', () => {
  test.for<[what: string, from: string | RegExp, to: string, problem: RegExp]>([
    ['a thumbprint', /<TrustedRootCA>[^<]*/, '<TrustedRootCA>12 34', /not a thumbprint/],
    ['a type', '>25</Type>', '>peap</Type>', /not a number/],
    ['a type that is missing', '<Type>13</Type>', '', /needs a <Type>/],
    ['types that differ', '<Type>25</Type>', '<Type>13</Type>', /is 13 here and 25 in <EapMethod>/],
    ['a flag', '<FastReconnect>true', '<FastReconnect>yes', /not true or false/],
    [
      'a purpose without an OID',
      '<ClientAuthEKUList Enabled="true" />',
      '<ClientAuthEKUList Enabled="true"><EKUMapInList><EKUName>X</EKUName></EKUMapInList></ClientAuthEKUList>',
      /no <EKUMap> gives an OID for 'X'/,
    ],
  ])('%s is a problem with its place', ([, from, to, problem]) => {
    expect(problemsOf(text.replace(from, to))).toMatchObject([expect.stringMatching(problem)])
  })

  test('no EapMethod', () => {
    const without = text.replace(/<EapMethod>[\s\S]*<\/EapMethod>/, '')
    expect(problemsOf(without)).toEqual([
      `${lineOf('<EapHostConfig')}: <EapHostConfig> needs an <EapMethod>`,
    ])
  })

  test('whatever is cut out of the file, reading it ends in a profile or in problems', () => {
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(400), (at, length) => {
        const profile = read(text.slice(0, at) + text.slice(at + length))
        expect(profile.ok || profile.error.length > 0).toBe(true)
      }),
      { numRuns: 200, seed: 1 },
    )
  })
})

const data = path.resolve(process.env['SALLYPORT_DATA'] ?? '../shared/data', 'profilexml')
test.skipIf(!existsSync(data))('profiles from the field hold no EAP configuration yet', () => {
  for (const name of ['ProfileXML_User.xml', 'ProfileXML_Device.xml']) {
    const file: SourceFile = sourceFile(path.join(data, 'x'), name)
    const profile = readProfile(file)
    expect(profile.ok && profile.value.nativeProfile?.eap).toBeUndefined()
  }
})
