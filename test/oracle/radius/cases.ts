/**
 * The cases of the RADIUS judges as data: which server, which client, and how NPS decides with the source that says so. What FreeRADIUS
 * decides is not written here; it is measured. Names, sizes and names of the user come from the seed.
 */
import { row, type Draw, type RadiusCase } from './case.ts'
import type { Verdict } from './clients.ts'
import { passwordCases } from './password-cases.ts'
import { BRIEF, eapTls, peapTls } from './peers.ts'
import { tlsCases } from './tls-cases.ts'
import { CLIENTS, DOMAIN, type User } from './topology.ts'

const GOOD: readonly User[] = ['ada', 'bob', 'lea']

/** Every name by which Windows knows a user. */
const namesOf = (user: User): readonly string[] => [
  user,
  user.toUpperCase(),
  `${user}@${DOMAIN}`,
  `CORP\\${user}`,
]

export function drawCases(draw: Draw): readonly RadiusCase[] {
  const all = [
    ...certificateCases(draw),
    ...accountCases(),
    ...policyCases(draw),
    ...clientCases(draw),
    ...tlsCases(draw),
    ...passwordCases(draw),
  ]
  if (new Set(all.map(({ name }) => name)).size < all.length) throw new Error('names repeat')
  return all
}

const BAD_CERTIFICATES: readonly (readonly [string, Verdict, string])[] = [
  ['ada-server-only', 'reject', 'reason 267: no Client Authentication'],
  ['ada-stranger', 'reject', 'reason 287: no chain to a root that NPS trusts'],
  ['ada-partner', 'reject', 'reason 295: the issuer is not in NTAuth'],
  ['ada-silent', 'reject', 'reason 259: the list cannot be had'],
  ['ada-expired', 'reject', 'reason 268: expired'],
  ['ada-future', 'reject', 'reason 278: not yet valid'],
  ['ada-revoked', 'reject', 'reason 256: revoked'],
  ['ada-nameless', 'reject', 'reason 8: it names no account'],
]

function certificateCases({ rng }: Draw): readonly RadiusCase[] {
  const who = rng.pick(GOOD)
  return [
    row('PEAP with EAP-TLS', 'base', peapTls(who), 'accept', '[MS-PEAP] §3.3.5'),
    ...namesOf(who).map((name, i) =>
      row(
        `EAP-TLS as ${['the logon name', 'capitals', 'the UPN', 'DOMAIN\\user'][i]}`,
        'eap-tls',
        eapTls(name, { certificate: who }),
        'accept',
        'DsCrackNames takes each form',
      ),
    ),
    ...BAD_CERTIFICATES.flatMap(([certificate, verdict, source]) => [
      row(`EAP-TLS, ${certificate}`, 'eap-tls', eapTls('ada', { certificate }), verdict, source),
      row(
        `PEAP-TLS, ${certificate}`,
        'base',
        peapTls('ada', { innerCertificate: certificate }),
        verdict,
        source,
      ),
    ]),
    row(
      'EAP-TLS, the certificate of another user',
      'eap-tls',
      eapTls('ada', { certificate: 'bob' }),
      'reject',
      'reason 298: certificate and User-Name differ',
    ),
    row(
      'EAP-TLS, ada-no-chain',
      'eap-tls',
      eapTls('ada', { certificate: 'ada-no-chain' }),
      'accept',
      'NPS knows the issuing authority itself',
    ),
    row('not in NTAuth', 'not-in-nt-auth', peapTls(who), 'reject', 'reason 295'),
    row('no list of the issuer', 'list-gone', peapTls(who), 'reject', 'reason 259'),
    row('an old list of the issuer', 'list-expired', peapTls(who), 'reject', 'reason 259'),
    row(
      'Allowed-Certificate-OID that it has',
      'client-authentication-only',
      peapTls(who),
      'accept',
      'Allowed-Certificate-OID',
    ),
    row(
      'Allowed-Certificate-OID that it lacks',
      'smart-card-only',
      peapTls(who),
      'reject',
      'reason 73: EKU policy',
    ),
  ]
}

const ACCOUNTS: readonly (readonly [User, string])[] = [
  ['carol', 'reason 48: not in the group'],
  ['dave', 'reason 34: disabled'],
  ['erin', 'reason 35: expired'],
  ['frank', 'reason 37: outside of logon hours'],
  ['grace', 'reason 65: dial-in denied'],
  ['heidi', 'reason 36: locked out'],
]

const accountCases = (): readonly RadiusCase[] => [
  ...ACCOUNTS.flatMap(([user, source]) => [
    row(`PEAP-TLS, ${source}`, 'base', peapTls(user), 'reject', source),
    row(`EAP-TLS, ${source}`, 'eap-tls', eapTls(user), 'reject', source),
  ]),
  row(
    'an account that nobody has',
    'base',
    peapTls('nobody', { innerCertificate: 'ada' }),
    'reject',
    'reason 8: no such user',
  ),
  ...(['ivan', 'judy', 'ken'] as const).map((user) =>
    row(
      `EAP-TLS for ${user}, whose password is no good`,
      'eap-tls',
      eapTls(user),
      'accept',
      'passwords do not count for certificates',
    ),
  ),
]

function policyCases({ rng }: Draw): readonly RadiusCase[] {
  const who = rng.pick(['ada', 'bob'] as const)
  const station = ['30:s:203.0.113.10', `32:s:vpn${rng.below(100)}`]
  return [
    row(
      'another NAS-Port-Type',
      'base',
      peapTls(who, { nasPortType: rng.pick([0, 15, 19]) }),
      'reject',
      'reason 48: no policy matches',
    ),
    row('no network policy', 'no-policy', peapTls(who), 'reject', 'reason 48'),
    row('a policy that denies', 'policy-denies', peapTls(who), 'reject', 'reason 65'),
    row(
      'a policy that denies, a dial-in page that allows',
      'policy-denies',
      peapTls('lea'),
      'accept',
      'Network Access Permission of the account comes first',
    ),
    row(
      'a dial-in page that denies, ignored',
      'ignores-dial-in',
      peapTls('grace'),
      'accept',
      'Ignore user account dial-in properties',
    ),
    row('a condition on other days', 'other-days', peapTls(who), 'reject', 'reason 48'),
    row('a constraint to other days', 'constrained-days', peapTls(who), 'reject', 'reason 68'),
    row(
      'Called-Station-Id and NAS-Identifier that match',
      'called-station',
      peapTls(who, { attributes: station }),
      'accept',
      'patterns of NPS',
    ),
    row(
      'a Called-Station-Id that does not match',
      'called-station',
      peapTls(who, { attributes: ['30:s:203.0.113.100', '32:s:vpn1'] }),
      'reject',
      'reason 48',
    ),
    row(
      'a hidden identity where the network policy decides',
      'base',
      peapTls(who, {}, { anonymous_identity: 'anonymous' }),
      'reject',
      'reason 8: the outer name is asked for',
    ),
    row(
      'a hidden identity where the request policy decides',
      'hidden-identity',
      peapTls(who, {}, { anonymous_identity: 'anonymous' }),
      'accept',
      'Override network policy authentication settings',
    ),
    row(
      'a hidden identity of somebody outside of the group',
      'hidden-identity',
      peapTls('carol', {}, { anonymous_identity: 'anonymous' }),
      'reject',
      'reason 48: the inner name is authorised',
    ),
    row(
      'the disk of the log is full',
      'disk-full',
      peapTls(who, BRIEF),
      'silence',
      'reason 80: no record, no answer',
    ),
    row('an extension rejects', 'extension-rejects', peapTls(who), 'reject', 'reason 21'),
    row('an extension discards', 'extension-discards', peapTls(who, BRIEF), 'silence', 'reason 9'),
  ]
}

const clientCases = ({ rng }: Draw): readonly RadiusCase[] => [
  row(
    'another shared secret',
    'base',
    peapTls('ada', { ...BRIEF, secret: `other-${rng.below(1e6)}` }),
    'silence',
    'RFC 3579 §3.2: a Message-Authenticator that is wrong',
  ),
  row(
    'an unknown client',
    'base',
    peapTls('ada', { ...BRIEF, from: CLIENTS.unknown }),
    'silence',
    'RFC 2865 §3: event 13',
  ),
  row(
    'a client that is turned off',
    'base',
    peapTls('ada', { ...BRIEF, from: CLIENTS.disabled }),
    'silence',
    'event 13',
  ),
  row(
    'a client of a range',
    'base',
    peapTls('ada', { from: CLIENTS.range }),
    'accept',
    'a range of addresses',
  ),
  row(
    'a client that must send Message-Authenticator, with EAP',
    'base',
    peapTls('ada', { from: CLIENTS.strict }),
    'accept',
    'RFC 3579 §3.1: EAP always has it',
  ),
]
