/**
 * The cases of the IKEv2 judges, the same for both directions where both sides can do it: who dials, what is done with the connection, and how it must
 * end. What a case draws comes from the seed.
 */
import type { Rng } from '../../../src/base/rng.ts'
import type { Edit } from '../../../src/topology/edit.ts'
import {
  withGatewayIpsec,
  withVpnClient,
  withVpnGateway,
} from '../../../src/topology/edit-gateway.ts'
import type { IpsecPolicySpec } from '../../../src/topology/ipsec.ts'
import { policySuites } from '../../../src/windows/ipsec-suites.ts'
import { whyByEngine, type Act, type Client, type IkeCase, type Manner, type Role } from './case.ts'
import { EAP_FAILURE, espSuiteText, groupText, ikeSuiteText } from './sight.ts'
import type { Secrets } from './topology.ts'

const RFC = 'RFC 7296'
const MANNERS: readonly Manner[] = ['certificate', 'eap-tls', 'eap-mschapv2']

export interface Draw {
  readonly role: Role
  readonly rng: Rng
  readonly secrets: Secrets
}

/** The tutorial's "standard" baseline, which cases change one word of. */
const BASELINE: IpsecPolicySpec = {
  encryptionMethod: 'AES128',
  integrityCheckMethod: 'SHA256',
  dhGroup: 'Group14',
  cipherTransformConstants: 'AES128',
  authenticationTransformConstants: 'SHA256128',
  pfsGroup: 'PFS2048',
}

const onBoth = (policy: IpsecPolicySpec): readonly Edit[] => [
  withGatewayIpsec('gateway', policy),
  withVpnClient('laptop', { ipsec: policy }),
]
/** The least that RRAS takes: at nine tenths of it a child SA is renewed. A page of the intranet is larger than that. */
const WEARS_SOON = withVpnGateway('gateway', {
  ipsec: { saDataSizeForRenegotiationKilobytes: 1024 },
})
const fragmenting: readonly Edit[] = [withVpnGateway('gateway', { serverFragmentation: true })]

export function drawCases(draw: Draw): readonly IkeCase[] {
  return [
    ...connections(draw),
    ...suites(draw),
    ...renewals(draw),
    ...paths(draw),
    ...liveness(draw),
    ...endings(draw),
    ...failures(draw),
    ...cookies(draw),
  ].map((test) =>
    hasGatewayRenew(test, draw.role) ? { ...test, edits: [WEARS_SOON, ...test.edits] } : test,
  )
}

/** A live gateway renews a child SA when enough has gone through it. */
const hasGatewayRenew = (test: IkeCase, role: Role): boolean =>
  role === 'responder' &&
  whyByEngine(test, role) === undefined &&
  test.acts.some((act) => act.kind === 'rekey' && act.by === 'twin')

/** Who renews a child SA, where either may: a Windows client cannot be told to. */
const renewer = ({ role, rng }: Draw): 'twin' | 'charon' =>
  role === 'responder' ? rng.pick(['twin', 'charon'] as const) : 'charon'

function client({ secrets }: Draw, manner: Manner, rest: Partial<Client> = {}): Client {
  if (manner === 'certificate') return { node: 'laptop', manner, certificate: 'device', ...rest }
  const user = rest.user === 'carol' ? 'carol' : 'ada'
  const proof = manner === 'eap-tls' ? { certificate: user } : { password: secrets.passwords[user] }
  return { node: 'laptop', manner, user, ...proof, ...rest }
}

const connected = (
  name: string,
  who: Client,
  rest: Partial<Pick<IkeCase, 'edits' | 'acts' | 'expect' | 'source'>> = {},
): IkeCase => ({
  name,
  client: who,
  edits: [],
  acts: [],
  expect: { kind: 'connected' },
  source: `${RFC} §1.2`,
  ...rest,
})

/** What Windows offers and accepts without a policy, each proof. */
const connections = (draw: Draw): readonly IkeCase[] => [
  ...MANNERS.map((manner) => connected(`${manner} with Windows' defaults`, client(draw, manner))),
  // KE is of the first group that is offered, which the gateway does not take.
  connected('NegotiateDH2048_AES256 is 1', client(draw, draw.rng.pick(MANNERS)), {
    edits: [withVpnClient('laptop', { negotiateDh2048Aes256: 1 })],
    source: `${RFC} §1.2, INVALID_KE_PAYLOAD`,
  }),
]

/** Every word of domain §6.2, each in one policy, with what goes with it; the rest is drawn. */
function suites(draw: Draw): readonly IkeCase[] {
  return policiesOf(draw.rng).map(([name, policy]) => {
    const { ike, esp } = policySuites(policy)
    const pfs = esp[0]?.group
    const manner = draw.rng.pick(MANNERS)
    return connected(`suite: ${name} (${manner})`, client(draw, manner), {
      edits: onBoth(policy),
      acts: [{ kind: 'rekey', what: 'child', by: renewer(draw) }],
      expect: {
        kind: 'connected',
        ike: ikeSuiteText(ike[0]!),
        esp: espSuiteText(esp[0]!),
        ...(pfs !== undefined && { pfs: groupText(pfs) }),
      },
      source: 'Set-VpnConnectionIPsecConfiguration',
    })
  })
}

function policiesOf(rng: Rng): readonly (readonly [string, IpsecPolicySpec])[] {
  const one = (change: Partial<IpsecPolicySpec>) =>
    [Object.values(change).join(' '), { ...BASELINE, ...change }] as const
  const hash = () => rng.pick(['SHA1', 'SHA256', 'SHA384'] as const)
  const proof = () => rng.pick(['SHA196', 'SHA256128'] as const)
  return [
    one({ encryptionMethod: 'DES', integrityCheckMethod: 'MD5', dhGroup: 'Group1' }),
    one({ encryptionMethod: 'DES3', integrityCheckMethod: 'SHA1', dhGroup: 'Group2' }),
    one({ encryptionMethod: 'AES192', integrityCheckMethod: 'SHA384', dhGroup: 'ECP384' }),
    one({ encryptionMethod: 'AES256', integrityCheckMethod: hash(), dhGroup: 'ECP256' }),
    one({ encryptionMethod: 'AES128', integrityCheckMethod: hash(), dhGroup: 'Group24' }),
    one({ encryptionMethod: 'GCMAES128', integrityCheckMethod: hash(), dhGroup: 'ECP256' }),
    one({ encryptionMethod: 'GCMAES256', integrityCheckMethod: 'SHA384', dhGroup: 'Group14' }),
    one({
      cipherTransformConstants: 'DES',
      authenticationTransformConstants: 'MD596',
      pfsGroup: 'None',
    }),
    one({
      cipherTransformConstants: 'DES3',
      authenticationTransformConstants: 'SHA196',
      pfsGroup: 'PFS1',
    }),
    one({
      cipherTransformConstants: 'AES192',
      authenticationTransformConstants: proof(),
      pfsGroup: 'PFS2',
    }),
    one({
      cipherTransformConstants: 'AES256',
      authenticationTransformConstants: proof(),
      pfsGroup: 'PFS24',
    }),
    one({
      cipherTransformConstants: 'None',
      authenticationTransformConstants: proof(),
      pfsGroup: 'PFSMM',
    }),
    ...(['GCMAES128', 'GCMAES192', 'GCMAES256'] as const).map((gcm, place) =>
      one({
        cipherTransformConstants: gcm,
        authenticationTransformConstants: gcm,
        pfsGroup: (['ECP256', 'ECP384', 'PFS2048'] as const)[place]!,
      }),
    ),
  ]
}

/** New keys under traffic, from either side (RFC 7296 §2.8). */
function renewals(draw: Draw): readonly IkeCase[] {
  const rekey = (what: 'ike' | 'child', by: 'twin' | 'charon') =>
    ({ kind: 'rekey', what, by }) as const satisfies Act
  const both = ['twin', 'charon'] as const
  return [
    ...both.flatMap((by) =>
      (['ike', 'child'] as const).map((what) =>
        connected(`${by} renews the ${what} SA`, client(draw, draw.rng.pick(MANNERS)), {
          acts: [rekey(what, by)],
          source: `${RFC} §1.3`,
        }),
      ),
    ),
    connected('everything is renewed by turns', client(draw, 'eap-tls'), {
      acts: [
        rekey('child', 'twin'),
        rekey('ike', 'charon'),
        rekey('child', 'charon'),
        rekey('ike', 'twin'),
        rekey('child', 'twin'),
      ],
      source: `${RFC} §2.8`,
    }),
    ...(['child', 'ike'] as const).map((what) =>
      connected(`both renew the ${what} SA at once`, client(draw, 'certificate'), {
        acts: [{ kind: 'collide', what }, rekey('child', 'charon'), rekey('ike', 'twin')],
        source: `${RFC} §2.8.1, §2.8.2`,
      }),
    ),
    // The first child takes its keys from IKE, so it is only now that the two policies are apart.
    ...both.map((by) =>
      connected(`the groups of PFS are apart, ${by} renews`, client(draw, 'certificate'), {
        edits: [
          withGatewayIpsec('gateway', { ...BASELINE, pfsGroup: 'ECP384' }),
          withVpnClient('laptop', { ipsec: BASELINE }),
        ],
        acts: [{ ...rekey('child', by), refused: 'NO_PROPOSAL_CHOSEN' }],
        source: `${RFC} §1.3.1`,
      }),
    ),
  ]
}

/** Fragments of IKE, and a client that moves. */
function paths(draw: Draw): readonly IkeCase[] {
  return [
    ...MANNERS.map((manner) =>
      connected(`IKE fragmentation on (${manner})`, client(draw, manner), {
        edits: fragmenting,
        source: 'RFC 7383',
      }),
    ),
    connected('the client does not fragment', client(draw, 'certificate'), {
      edits: [...fragmenting, withVpnClient('laptop', { ikeFragmentation: false })],
      source: 'RFC 7383 §2.3',
    }),
    connected('the client moves', client(draw, draw.rng.pick(MANNERS)), {
      acts: [{ kind: 'move' }],
      source: 'RFC 4555 §3.5',
    }),
    connected('the client moves, then both SAs are renewed', client(draw, 'certificate'), {
      acts: [
        { kind: 'move' },
        { kind: 'rekey', what: 'child', by: draw.role === 'responder' ? 'twin' : 'charon' },
        { kind: 'rekey', what: 'ike', by: 'charon' },
      ],
      source: 'RFC 4555 §3.5',
    }),
  ]
}

const liveness = (draw: Draw): readonly IkeCase[] =>
  (['twin', 'charon'] as const).map((by) => ({
    ...connected(`${by} asks for a sign of life`, client(draw, draw.rng.pick(MANNERS)), {
      acts: [{ kind: 'silence', by }],
      source: `${RFC} §2.4`,
    }),
    ...(by === 'charon' && { charonAsksAfter: 1 }),
  }))

/** The last of all: for ten seconds charon wants cookies of everybody. */
const cookies = (draw: Draw): readonly IkeCase[] => [
  {
    ...connected('a cookie is asked for', client(draw, draw.rng.pick(MANNERS)), {
      source: `${RFC} §2.6`,
    }),
    cookie: true,
  },
]

const endings = (draw: Draw): readonly IkeCase[] =>
  (['twin', 'charon'] as const).map((by) =>
    connected(`${by} says good-bye`, client(draw, draw.rng.pick(MANNERS)), {
      acts: [{ kind: 'close', by }],
      source: `${RFC} §1.4.1`,
    }),
  )

function failures(draw: Draw): readonly IkeCase[] {
  const refused = (
    name: string,
    who: Client,
    notify: string,
    from: 'client' | 'gateway',
    rest: Partial<IkeCase> = {},
  ): IkeCase => ({
    name,
    client: who,
    edits: [],
    acts: [],
    expect: { kind: 'refused', notify, from },
    source: `${RFC} §2.21`,
    ...rest,
  })
  const carol = { user: 'carol' } as const
  const gatewayPolicy = (change: Partial<IpsecPolicySpec>): readonly Edit[] => [
    withGatewayIpsec('gateway', { ...BASELINE, ...change }),
    withVpnClient('laptop', { ipsec: BASELINE }),
  ]
  return [
    refused(
      'the client trusts another CA',
      { ...client(draw, 'eap-mschapv2'), node: 'visitor' },
      'AUTHENTICATION_FAILED',
      'client',
    ),
    refused(
      'the gateway trusts another CA',
      { ...client(draw, 'certificate'), node: 'impostor' },
      'AUTHENTICATION_FAILED',
      'gateway',
    ),
    refused(
      'the gateway has another name',
      client(draw, 'eap-tls', { server: 'other.contoso.com' }),
      'AUTHENTICATION_FAILED',
      'client',
    ),
    refused(
      'no common cipher for IKE',
      client(draw, 'certificate'),
      'NO_PROPOSAL_CHOSEN',
      'gateway',
      {
        edits: gatewayPolicy({ encryptionMethod: 'AES256' }),
        source: `${RFC} §2.7`,
      },
    ),
    refused('no common group', client(draw, 'certificate'), 'NO_PROPOSAL_CHOSEN', 'gateway', {
      edits: gatewayPolicy({ dhGroup: 'ECP384' }),
      source: `${RFC} §2.7`,
    }),
    refused(
      'no common cipher for ESP',
      client(draw, 'certificate'),
      'NO_PROPOSAL_CHOSEN',
      'gateway',
      {
        edits: gatewayPolicy({ cipherTransformConstants: 'AES256' }),
        expect: { kind: 'refused', notify: 'NO_PROPOSAL_CHOSEN', from: 'gateway', stands: true },
        source: `${RFC} §2.21.2`,
      },
    ),
    ...(
      [
        ['a user outside the group, EAP-TLS', client(draw, 'eap-tls', carol), true],
        ['a user outside the group, EAP-MSCHAPv2', client(draw, 'eap-mschapv2', carol), true],
        [
          'a user whom nobody knows',
          client(draw, 'eap-mschapv2', { user: 'mallory', password: 'P-none-1a!' }),
          true,
        ],
        ['a wrong password', client(draw, 'eap-mschapv2', { password: 'P-wrong-1a!' }), false],
      ] as const
    ).map(([name, who, beforeEap]) => {
      // charon leaves at the Failure-Request of MS-CHAPv2, and waits for no EAP-Failure.
      const leaves = draw.role === 'responder' && who.manner === 'eap-mschapv2'
      const [notify, from] = leaves
        ? (['AUTHENTICATION_FAILED', 'client'] as const)
        : ([EAP_FAILURE, 'gateway'] as const)
      return refused(name, who, notify, from, {
        expect: { kind: 'refused', notify, from, beforeEap },
        source: `${RFC} §2.16`,
      })
    }),
    refused(
      'NegotiateDH2048_AES256 is 2, and the gateway has group 2 alone',
      client(draw, draw.rng.pick(MANNERS)),
      'NO_PROPOSAL_CHOSEN',
      'gateway',
      { edits: [withVpnClient('laptop', { negotiateDh2048Aes256: 2 })], source: `${RFC} §2.7` },
    ),
    refused('EAP is not accepted', client(draw, 'eap-tls'), 'AUTHENTICATION_FAILED', 'gateway', {
      edits: [withVpnGateway('gateway', { authentication: ['certificate'] })],
    }),
    refused(
      'certificates are not accepted',
      client(draw, 'certificate'),
      'AUTHENTICATION_FAILED',
      'gateway',
      { edits: [withVpnGateway('gateway', { authentication: ['eap'] })] },
    ),
  ]
}
