/**
 * What Windows offers and accepts in IANA's numbers. The twelve proposals are read out of a capture of a Windows client (strongSwan, 2015),
 * with no code of ours between.
 */
import { describe, expect, test } from 'vitest'
import type { IpsecPolicySpec } from '../../src/topology/ipsec.ts'
import { ASSUMPTIONS } from '../../src/windows/assumptions.ts'
import {
  clientSuites,
  espTransforms,
  gatewaySuites,
  ikeTransforms,
  policySuites,
  weaknessesOf,
} from '../../src/windows/ipsec-suites.ts'
import { readPcap } from '../wire/captures.ts'

const STANDARD: IpsecPolicySpec = {
  encryptionMethod: 'AES128',
  integrityCheckMethod: 'SHA256',
  dhGroup: 'Group14',
  cipherTransformConstants: 'AES128',
  authenticationTransformConstants: 'SHA256128',
  pfsGroup: 'PFS2048',
}

/** Proposals of the SA payload in an IKE_SA_INIT request: after Ethernet 14, IPv4 20, UDP 8 and IKE 28 octets. */
function proposalsOf(frame: Uint8Array): string[][] {
  const sa = Buffer.from(frame.subarray(14 + 20 + 8 + 28))
  const proposals: string[][] = []
  const end = sa.readUInt16BE(2)
  for (let at = 4; at < end; at += sa.readUInt16BE(at + 2)) {
    const transforms: string[] = []
    let inner = at + 8 + sa[at + 6]!
    for (let n = 0; n < sa[at + 7]!; n++) {
      const length = sa.readUInt16BE(inner + 2)
      const bits = length > 8 ? `-${sa.readUInt16BE(inner + 10)}` : ''
      transforms.push(`${sa[inner + 4]}:${sa.readUInt16BE(inner + 6)}${bits}`)
      inner += length
    }
    proposals.push(transforms)
  }
  return proposals
}

const written = (transforms: ReturnType<typeof ikeTransforms>): string[] =>
  transforms.map(({ type, id, keyLength }) =>
    keyLength === undefined ? `${type}:${id}` : `${type}:${id}-${keyLength}`,
  )

const capture = readPcap('ikev2/windows-client-2015.pcap')

test.skipIf(capture === undefined)('a real client offers these twelve, in this order', () => {
  const proposals = proposalsOf(capture![0]!)
  expect(proposals).toHaveLength(12)
  expect(clientSuites({ os: 'windows-10' }).ike.map(ikeTransforms).map(written)).toEqual(proposals)
})

const GROUP_2 = { group: 2 }

describe('what a client offers', () => {
  test('Windows 11 adds AES-GCM behind, with a PRF and no integrity', () => {
    const { ike, restsOn } = clientSuites({ os: 'windows-11' })
    expect(ike.slice(0, 12)).toEqual(clientSuites().ike)
    expect(ike.slice(12)).toEqual(
      [128, 256].flatMap((keyBits) =>
        [2, 5, 6].map((prf) => ({ encryption: { id: 20, keyBits }, prf, ...GROUP_2 })),
      ),
    )
    expect(restsOn).toEqual([])
  })

  const strong = [
    { encryption: { id: 12, keyBits: 256 }, integrity: 2, prf: 2, group: 14 },
    { encryption: { id: 12, keyBits: 256 }, integrity: 12, prf: 5, group: 14 },
    { encryption: { id: 12, keyBits: 256 }, integrity: 13, prf: 6, group: 14 },
  ]

  test('NegotiateDH2048_AES256 adds to the usual, or takes its place', () => {
    const usual = clientSuites({ os: 'windows-10' }).ike
    const added = clientSuites({ os: 'windows-10', negotiateDh2048Aes256: 1 })
    expect(added.ike).toEqual([...strong, ...usual])
    expect(added.restsOn).toEqual(['dh2048Offered'])
    const last = { ...ASSUMPTIONS, dh2048Offered: 'last' } as const
    expect(clientSuites({ os: 'windows-10', negotiateDh2048Aes256: 1 }, last).ike).toEqual([
      ...usual,
      ...strong,
    ])
    expect(clientSuites({ negotiateDh2048Aes256: 2 }).ike).toEqual(strong)
    expect(clientSuites({ negotiateDh2048Aes256: 2 }).esp).toEqual(clientSuites().esp)
  })

  test('a custom policy leaves nothing else, whatever the registry says', () => {
    const offer = clientSuites({ os: 'windows-11', policy: STANDARD, negotiateDh2048Aes256: 2 })
    expect(offer).toEqual(policySuites(STANDARD))
    expect(offer.ike).toHaveLength(1)
  })

  test('ESP by default is AES-256 first, all with SHA-1, and without a group', () => {
    expect(clientSuites().esp.map(espTransforms).map(written)).toEqual([
      ['1:12-256', '3:2', '5:0'],
      ['1:12-128', '3:2', '5:0'],
      ['1:3', '3:2', '5:0'],
      ['1:2', '3:2', '5:0'],
      ['1:11', '3:2', '5:0'],
    ])
  })
})

describe('what RRAS accepts', () => {
  test('by default what clients offer by default, and in their order', () => {
    const { ike, esp, restsOn } = gatewaySuites({ os: 'windows-server-2019' })
    expect(ike).toEqual(clientSuites({ os: 'windows-10' }).ike)
    expect(esp).toEqual(clientSuites().esp)
    expect(restsOn).toEqual(['gatewayAcceptsDh2048'])
    const generous = { ...ASSUMPTIONS, gatewayAcceptsDh2048: true }
    expect(gatewaySuites({}, generous).ike).toHaveLength(15)
  })

  test('with a custom policy that alone; lifetimes make no policy', () => {
    expect(gatewaySuites({ ipsec: { customPolicy: STANDARD } })).toEqual(policySuites(STANDARD))
    expect(gatewaySuites({ ipsec: { saLifeTimeSeconds: 300 } })).toEqual(gatewaySuites())
  })
})

describe('a custom policy', () => {
  test('standard and enhanced, as the scripts of the field set them', () => {
    expect(policySuites(STANDARD)).toEqual({
      ike: [{ encryption: { id: 12, keyBits: 128 }, integrity: 12, prf: 5, group: 14 }],
      esp: [{ encryption: { id: 12, keyBits: 128 }, integrity: 12, group: 14 }],
      problems: [],
      restsOn: [],
    })
    const enhanced = policySuites({
      ...STANDARD,
      encryptionMethod: 'GCMAES128',
      cipherTransformConstants: 'GCMAES128',
      authenticationTransformConstants: 'GCMAES128',
      pfsGroup: 'ECP256',
    })
    expect(enhanced.ike).toEqual([{ encryption: { id: 20, keyBits: 128 }, prf: 5, group: 14 }])
    expect(enhanced.esp).toEqual([{ encryption: { id: 20, keyBits: 128 }, group: 19 }])
    expect(enhanced.ike.map(ikeTransforms).map(written)).toEqual([['1:20-128', '2:5', '4:14']])
    expect(enhanced.esp.map(espTransforms).map(written)).toEqual([['1:20-128', '5:0']])
  })

  test.for<[change: Partial<IpsecPolicySpec>, ike: object]>([
    [{ encryptionMethod: 'DES' }, { encryption: { id: 2 } }],
    [{ encryptionMethod: 'DES3' }, { encryption: { id: 3 } }],
    [{ encryptionMethod: 'AES192' }, { encryption: { id: 12, keyBits: 192 } }],
    [{ encryptionMethod: 'GCMAES256' }, { encryption: { id: 20, keyBits: 256 } }],
    [{ integrityCheckMethod: 'MD5' }, { integrity: 1, prf: 1 }],
    [{ integrityCheckMethod: 'SHA1' }, { integrity: 2, prf: 2 }],
    [{ integrityCheckMethod: 'SHA384' }, { integrity: 13, prf: 6 }],
    [{ dhGroup: 'Group1' }, { group: 1 }],
    [{ dhGroup: 'Group2' }, { group: 2 }],
    [{ dhGroup: 'ECP256' }, { group: 19 }],
    [{ dhGroup: 'ECP384' }, { group: 20 }],
    [{ dhGroup: 'Group24' }, { group: 24 }],
  ])('IKE: %j', ([change, ike]) => {
    expect(policySuites({ ...STANDARD, ...change }).ike).toEqual([expect.objectContaining(ike)])
  })

  const esp = { encryption: { id: 12, keyBits: 128 }, integrity: 12, group: 14 }

  test.for<[change: Partial<IpsecPolicySpec>, esp: object]>([
    [{ cipherTransformConstants: 'DES3' }, { ...esp, encryption: { id: 3 } }],
    [{ cipherTransformConstants: 'None' }, { ...esp, encryption: { id: 11 } }],
    [{ authenticationTransformConstants: 'MD596' }, { ...esp, integrity: 1 }],
    [{ authenticationTransformConstants: 'SHA196' }, { ...esp, integrity: 2 }],
    [
      { authenticationTransformConstants: 'None' },
      { encryption: { id: 12, keyBits: 128 }, group: 14 },
    ],
    [
      { cipherTransformConstants: 'None', authenticationTransformConstants: 'GCMAES256' },
      { encryption: { id: 21, keyBits: 256 }, group: 14 },
    ],
    [{ pfsGroup: 'None' }, { encryption: { id: 12, keyBits: 128 }, integrity: 12 }],
    [{ pfsGroup: 'PFS1' }, { ...esp, group: 1 }],
    [{ pfsGroup: 'PFS2' }, { ...esp, group: 2 }],
    [{ pfsGroup: 'ECP384' }, { ...esp, group: 20 }],
    [{ pfsGroup: 'PFS24' }, { ...esp, group: 24 }],
    [
      { pfsGroup: 'PFSMM', dhGroup: 'ECP256' },
      { ...esp, group: 19 },
    ],
  ])('ESP: %j', ([change, wanted]) => {
    expect(policySuites({ ...STANDARD, ...change }).esp).toEqual([wanted])
  })

  test.for<[change: Partial<IpsecPolicySpec>, problem: string]>([
    [{ dhGroup: 'None' }, 'DHGroup None: IKEv2 cannot begin without a group'],
    [
      { cipherTransformConstants: 'GCMAES128' },
      'cipher GCMAES128 with authentication SHA256128: AES-GCM must be both',
    ],
    [
      { authenticationTransformConstants: 'GCMAES256' },
      'cipher AES128 with authentication GCMAES256: AES-GCM must be both',
    ],
    [
      { cipherTransformConstants: 'GCMAES128', authenticationTransformConstants: 'GCMAES256' },
      'cipher GCMAES128 with authentication GCMAES256: AES-GCM must be both',
    ],
    [
      { cipherTransformConstants: 'None', authenticationTransformConstants: 'None' },
      'neither a cipher nor authentication',
    ],
  ])('%j has no suite', ([change, problem]) => {
    const { ike, esp: suites, problems } = policySuites({ ...STANDARD, ...change })
    expect(problems).toEqual([problem])
    expect([...ike, ...suites]).toHaveLength(1)
  })
})

test.for<[change: Partial<IpsecPolicySpec>, ike: string[], esp: string[]]>([
  [{}, [], []],
  [
    { encryptionMethod: 'DES3', integrityCheckMethod: 'SHA1', dhGroup: 'Group2' },
    ['3DES', 'SHA-1', 'group 2'],
    [],
  ],
  [{ dhGroup: 'Group24', pfsGroup: 'PFS24' }, ['group 24'], ['group 24']],
  [
    { cipherTransformConstants: 'DES', authenticationTransformConstants: 'MD596' },
    [],
    ['DES', 'MD5'],
  ],
  [{ authenticationTransformConstants: 'None' }, [], ['no integrity']],
  [
    { cipherTransformConstants: 'None', authenticationTransformConstants: 'GCMAES128' },
    [],
    ['no encryption'],
  ],
])('weak in %j', ([change, ike, esp]) => {
  const suites = policySuites({ ...STANDARD, ...change })
  expect(suites.ike.flatMap(weaknessesOf)).toEqual(ike)
  expect(suites.esp.flatMap(weaknessesOf)).toEqual(esp)
})
