/** Cases with passwords, with accounting and with Status-Server: those that need no certificate. */
import { generateNtResponse } from '../../../src/crypto/ms-chap-v2.ts'
import { ntPasswordHash } from '../../../src/crypto/ms-chap.ts'
import { concat, toHex, utf8 } from '../../../src/base/bytes.ts'
import type { Rng } from '../../../src/base/rng.ts'
import { row, TLS12, type Draw, type RadiusCase } from './case.ts'
import type { EapolCase } from './eapol.ts'
import type { RadclientCase } from './radclient.ts'
import { CLIENTS, DOMAIN, type User } from './topology.ts'

type Ask = Omit<RadclientCase, 'program' | 'request' | 'attributes'>

/** Silence takes as long as one waits for it. */
const BRIEF = { patience: 2 } as const

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`

const VIRTUAL = 'NAS-Port-Type = Virtual'
const MESSAGE_AUTHENTICATOR = 'Message-Authenticator = 0x00'

const ask = (attributes: readonly string[], rest: Ask = {}): RadclientCase => ({
  program: 'radclient',
  request: 'auth',
  ...rest,
  attributes: [VIRTUAL, ...attributes],
})

const withPassword = (attribute: string, user: string, password: string): readonly string[] => [
  `User-Name = ${quoted(user)}`,
  `${attribute} = ${quoted(password)}`,
]

/** MS-CHAP-Challenge and MS-CHAP2-Response (RFC 2548 §2.1.2, §2.3.2). */
function msChapV2(rng: Rng, user: string, password: string): readonly string[] {
  const exchange = { user, authenticatorChallenge: rng.bytes(16), peerChallenge: rng.bytes(16) }
  const ntResponse = generateNtResponse(exchange, ntPasswordHash(password))
  const response = concat(
    Uint8Array.of(rng.below(256), 0),
    exchange.peerChallenge,
    new Uint8Array(8),
    ntResponse,
  )
  return [
    `User-Name = ${quoted(user)}`,
    `MS-CHAP-Challenge = 0x${toHex(exchange.authenticatorChallenge)}`,
    `MS-CHAP2-Response = 0x${toHex(response)}`,
  ]
}

const PLAIN_METHODS = ['PAP', 'CHAP', 'MS-CHAP', 'MS-CHAPv2'] as const
const METHODS = {
  PAP: 'pap',
  CHAP: 'chap',
  'MS-CHAP': 'ms-chap',
  'MS-CHAPv2': 'ms-chap-v2',
} as const
export type PlainMethod = (typeof PLAIN_METHODS)[number]

/** A request with a password by one of the methods that are not EAP. */
export function plain(
  method: PlainMethod,
  { user, password }: { readonly user: string; readonly password: string },
  rng: Rng,
): RadclientCase {
  const attributes = {
    PAP: () => withPassword('User-Password', user, password),
    // It is no text for radclient, which would take an escaped quote for two characters.
    CHAP: () => [`User-Name = ${quoted(user)}`, `CHAP-Password = 0x${toHex(utf8(password))}`],
    'MS-CHAP': () => withPassword('MS-CHAP-Password', user, password),
    'MS-CHAPv2': () => msChapV2(rng, user, password),
  }
  return ask(attributes[method](), { claim: { method: METHODS[method], user, password } })
}

export const passwordCases = (draw: Draw): readonly RadiusCase[] => [
  ...eapCases(draw),
  ...plainCases(draw),
  ...authenticatorCases(draw),
  ...otherRequests(draw),
]

/** RFC 2759 §6: a refused peer that may try again asks a person, and there is none. It gives up, and the server must say so. */
const NO_RETRY = 'mschapv2_retry=0'
const PASSWORD_ACCOUNTS: readonly (readonly [User, string])[] = [
  ['carol', 'reason 48: not in the group'],
  ['dave', 'reason 34: disabled'],
  ['ivan', 'reason 33: the password must be changed'],
  ['judy', 'reason 33: the password has expired'],
  ['ken', 'reason 270: a smart card is required'],
]

function eapCases({ secrets: { passwords }, rng }: Draw): readonly RadiusCase[] {
  const bare = (user: string, password: string): EapolCase => ({
    program: 'eapol_test',
    trusts: 'none',
    network: { eap: 'MSCHAPV2', identity: user, password, phase2: NO_RETRY },
  })
  const inside = (user: string, password: string): EapolCase => ({
    program: 'eapol_test',
    network: {
      eap: 'PEAP',
      identity: user,
      password,
      phase1: `peapver=0 ${TLS12}`,
      phase2: `auth=MSCHAPV2 ${NO_RETRY}`,
    },
  })
  const who = rng.pick(['ada', 'bob', 'lea'] as const)
  const methods = [
    ['EAP-MSCHAPv2', 'eap-mschapv2', bare],
    ['PEAP-MSCHAPv2', 'peap-mschapv2', inside],
  ] as const
  return methods.flatMap(([method, variant, client]) => [
    row(method, variant, client(who, passwords[who]), 'accept', 'RFC 2759 §8'),
    row(
      `${method}, the UPN`,
      variant,
      client(`${who}@${DOMAIN}`, passwords[who]),
      'accept',
      'RFC 2759 §8.2: the name as it was typed',
    ),
    row(
      `${method}, DOMAIN\\user`,
      variant,
      client(`CORP\\${who}`, passwords[who]),
      'accept',
      'RFC 2759 §8.2: without the domain',
    ),
    row(
      `${method}, wrong password`,
      variant,
      client(who, `${passwords[who]}x`),
      'reject',
      'reason 16',
    ),
    row(`${method}, unknown user`, variant, client('nobody', passwords[who]), 'reject', 'reason 8'),
    ...PASSWORD_ACCOUNTS.map(([user, source]) =>
      row(`${method}, ${source}`, variant, client(user, passwords[user]), 'reject', source),
    ),
  ])
}

function plainCases({ secrets: { passwords }, rng }: Draw): readonly RadiusCase[] {
  const right = passwords.bob
  const wrong = `${right.slice(1)}.`
  const pap = { method: 'pap', user: 'bob', password: right } as const
  return [
    ...PLAIN_METHODS.flatMap((method) => [
      row(
        method,
        'passwords',
        plain(method, { user: 'bob', password: right }, rng),
        'accept',
        'the policy allows it',
      ),
      row(
        `${method}, wrong password`,
        'passwords',
        plain(method, { user: 'bob', password: wrong }, rng),
        'reject',
        'reason 16',
      ),
      row(
        `${method} where only PEAP is allowed`,
        'base',
        plain(method, { user: 'bob', password: right }, rng),
        'reject',
        'reason 66: not enabled on the policy',
      ),
      row(
        `${method} where only MS-CHAP v2 is allowed`,
        'ms-chap-v2-only',
        plain(method, { user: 'bob', password: right }, rng),
        method === 'MS-CHAPv2' ? 'accept' : 'reject',
        method === 'MS-CHAPv2' ? 'the policy allows it' : 'reason 66: not enabled on the policy',
      ),
    ]),
    row(
      'CHAP without reversible encryption',
      'passwords',
      plain('CHAP', { user: 'ada', password: passwords.ada }, rng),
      'reject',
      'reason 19: no reversibly encrypted password',
    ),
    row(
      'PAP for an unknown user',
      'passwords',
      plain('PAP', { user: 'nobody', password: right }, rng),
      'reject',
      'reason 8',
    ),
    row(
      'PAP with another NAS-Port-Type',
      'passwords',
      {
        ...ask([]),
        attributes: ['NAS-Port-Type = Ethernet', ...withPassword('User-Password', 'bob', right)],
        claim: { ...pap, attributes: { 'NAS-Port-Type': 15 } },
      },
      'reject',
      'reason 48',
    ),
    row(
      'nothing to authenticate with',
      'passwords',
      ask(['User-Name = "bob"'], { claim: { method: 'none', user: 'bob' } }),
      'reject',
      'reason 66: unauthenticated access is not enabled',
    ),
    row(
      'credentials that nobody validates',
      'accepts-all',
      plain('PAP', { user: 'nobody', password: wrong }, rng),
      'accept',
      'Accept users without validating credentials',
    ),
    row(
      'PAP under another shared secret',
      'passwords',
      { ...plain('PAP', pap, rng), ...BRIEF, secret: `other-${rng.below(1e6)}` },
      'silence',
      'RFC 2865 §3: reason 16, and an answer with an authenticator that the client drops',
    ),
  ]
}

function authenticatorCases({ secrets: { passwords } }: Draw): readonly RadiusCase[] {
  const pap = withPassword('User-Password', 'bob', passwords.bob)
  const signed = [...pap, MESSAGE_AUTHENTICATOR]
  const strict = { from: CLIENTS.strict }
  return [
    row(
      'no Message-Authenticator from a client that must send one',
      'passwords',
      ask(pap, { ...BRIEF, ...strict }),
      'silence',
      'RFC 3579 §3.2; event 17',
    ),
    row(
      'Message-Authenticator from a client that must send one',
      'passwords',
      ask(signed, strict),
      'accept',
      'RFC 3579 §3.2',
    ),
    row(
      'a Message-Authenticator that nobody asked for',
      'passwords',
      ask(signed),
      'accept',
      'RFC 3579 §3.2',
    ),
    row(
      'a Message-Authenticator under another secret',
      'passwords',
      ask(signed, { ...BRIEF, secret: 'another-secret' }),
      'silence',
      'RFC 3579 §3.2; event 18',
    ),
    row(
      'no Message-Authenticator where every client must send one',
      'authenticated-requests',
      ask(pap, BRIEF),
      'silence',
      'KB5040268',
    ),
    row(
      'Message-Authenticator where every client must send one',
      'authenticated-requests',
      ask(signed),
      'accept',
      'KB5040268',
    ),
  ]
}

function otherRequests({ rng }: Draw): readonly RadiusCase[] {
  const session = `Acct-Session-Id = "${rng.below(1e9)}"`
  const record = (status: string): readonly string[] => [
    'User-Name = "ada"',
    session,
    `Acct-Status-Type = ${status}`,
    ...(status === 'Stop' ? [`Acct-Session-Time = ${rng.below(90_000)}`] : []),
  ]
  const account = (status: string, rest: Ask = {}): RadclientCase => ({
    ...ask(record(status), rest),
    request: 'acct',
  })
  const status = (rest: Ask = {}): RadclientCase => ({
    program: 'radclient',
    request: 'status',
    ...rest,
    attributes: [MESSAGE_AUTHENTICATOR],
  })
  return [
    ...['Start', 'Interim-Update', 'Stop', 'Accounting-On', 'Accounting-Off'].map((kind) =>
      row(`accounting: ${kind}`, 'base', account(kind), 'accept', 'RFC 2866 §4.2'),
    ),
    row(
      'accounting under another secret',
      'base',
      account('Start', { ...BRIEF, secret: 'another-secret' }),
      'silence',
      'RFC 2866 §4.1; event 14',
    ),
    row(
      'accounting from an unknown client',
      'base',
      account('Start', { ...BRIEF, from: CLIENTS.unknown }),
      'silence',
      'RFC 2866 §4.1; event 13',
    ),
    row(
      'accounting on a full disk',
      'disk-full',
      account('Stop', BRIEF),
      'silence',
      'RFC 2866 §4.1: no answer unless it was recorded',
    ),
    row('Status-Server', 'base', status(), 'accept', 'RFC 5997 §4.1'),
    row(
      'Status-Server from an unknown client',
      'base',
      status({ ...BRIEF, from: CLIENTS.unknown }),
      'silence',
      'RFC 5997 §4.1',
    ),
    row(
      'Status-Server to the accounting port',
      'base',
      status({ toAccounting: true }),
      'accept',
      'RFC 5997 §4.2',
    ),
  ]
}
