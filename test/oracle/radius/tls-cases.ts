/** Cases about TLS and EAP themselves: versions, what is negotiated, fragments, and the certificate that NPS shows. */
import { row, TLS12, TLS13, type Draw, type RadiusCase } from './case.ts'
import type { EapolCase } from './eapol.ts'
import { eapTls, peapTls, peer, type Network } from './peers.ts'
import { NPS_NAME } from './topology.ts'

export const tlsCases = (draw: Draw): readonly RadiusCase[] => [
  ...versionCases(draw),
  ...negotiationCases(draw),
  ...fragmentCases(draw),
  ...serverCertificateCases(),
]

const versionCases = ({ rng }: Draw): readonly RadiusCase[] => {
  const who = rng.pick(['ada', 'bob', 'lea'] as const)
  return [
    row('EAP-TLS, TLS 1.2', 'eap-tls', eapTls(who, { tls: '1.2' }), 'accept', 'RFC 5216 §2.1.1'),
    row(
      'EAP-TLS, TLS 1.3',
      'eap-tls-1.3',
      eapTls(who, { tls: '1.3' }, { phase1: TLS13 }),
      'accept',
      'RFC 9190 §2.1.1',
    ),
    row(
      'EAP-TLS, either version where NPS has TLS 1.3',
      'eap-tls-1.3',
      eapTls(who, { tls: '1.3' }, { phase1: 'tls_disable_tlsv1_3=0' }),
      'accept',
      'RFC 8446 §4.2.1: the newest that both know',
    ),
    row(
      'EAP-TLS, TLS 1.2 where NPS has TLS 1.3',
      'eap-tls-1.3',
      eapTls(who, { tls: '1.2' }),
      'accept',
      'RFC 8446 §4.2.1',
    ),
    row(
      'EAP-TLS, a certificate that was revoked, TLS 1.3',
      'eap-tls-1.3',
      eapTls('ada', { certificate: 'ada-revoked' }, { phase1: TLS13 }),
      'reject',
      'RFC 9190 §2.1.4, reason 256: revoked',
    ),
    row(
      'EAP-TLS, TLS 1.3 alone where NPS has TLS 1.2',
      'eap-tls',
      eapTls(who, {}, { phase1: TLS13 }),
      'reject',
      'RFC 8446 §4.2.1: protocol_version, reason 269',
    ),
    row(
      'EAP-TLS, either version where NPS has TLS 1.2',
      'eap-tls',
      eapTls(who, { tls: '1.2' }, { phase1: 'tls_disable_tlsv1_3=0' }),
      'accept',
      'NPS offers TLS 1.3 to nobody by default',
    ),
  ]
}

const negotiationCases = ({ secrets, rng }: Draw): readonly RadiusCase[] => {
  const password = secrets.passwords.ada
  const nothing = (eap: string, more: Network = {}): EapolCase =>
    peer({ eap, identity: 'ada', password, phase1: TLS12, ...more })
  return [
    row('EAP-TLS where only PEAP is allowed', 'base', eapTls('ada'), 'reject', 'reason 22'),
    row('PEAP where only EAP-TLS is allowed', 'eap-tls', peapTls('ada'), 'reject', 'reason 22'),
    row('EAP-TTLS', 'every-eap', nothing('TTLS', { phase2: 'auth=PAP' }), 'reject', 'reason 22'),
    row('EAP-MD5', 'every-eap', nothing('MD5'), 'reject', 'reason 22'),
    row('EAP-GTC', 'every-eap', nothing('GTC'), 'reject', 'reason 22'),
    row('EAP-PWD', 'base', nothing('PWD'), 'reject', 'reason 22'),
    row('a Nak to EAP-TLS', 'every-eap', eapTls('ada'), 'accept', 'RFC 3748 §5.3.1'),
    row('a Nak to EAP-MSCHAPv2', 'every-eap', nothing('MSCHAPV2'), 'accept', 'RFC 3748 §5.3.1'),
    row(
      'a Nak inside of PEAP',
      'every-eap',
      nothing('PEAP', { phase1: `peapver=0 ${TLS12}`, phase2: 'auth=MSCHAPV2' }),
      'accept',
      'RFC 3748 §5.3.1',
    ),
    row(
      'a password inside of PEAP where only certificates are allowed',
      'base',
      nothing('PEAP', { phase1: `peapver=0 ${TLS12}`, phase2: 'auth=MSCHAPV2' }),
      'reject',
      'reason 22',
    ),
    row(
      'a cipher suite that nobody offers any more',
      'eap-tls',
      eapTls('ada', {}, { openssl_ciphers: 'NULL-SHA256:@SECLEVEL=0' }),
      'reject',
      'RFC 5246 §7.2.2: handshake_failure, reason 269',
    ),
    row(
      'TLS 1.1 at most',
      'eap-tls',
      eapTls(
        'ada',
        {},
        {
          phase1:
            'tls_disable_tlsv1_3=1 tls_disable_tlsv1_2=1 tls_disable_tlsv1_1=0 tls_disable_tlsv1_0=0',
          openssl_ciphers: 'DEFAULT@SECLEVEL=0',
        },
      ),
      'reject',
      'RFC 8996: protocol_version, reason 269',
    ),
    row(
      'one suite of TLS 1.2',
      'eap-tls',
      eapTls(
        'ada',
        {},
        {
          openssl_ciphers: rng.pick([
            'ECDHE-RSA-AES256-GCM-SHA384',
            'ECDHE-RSA-AES128-GCM-SHA256',
            'AES128-GCM-SHA256',
          ]),
        },
      ),
      'accept',
      'RFC 5246 §7.4.1.3',
    ),
  ]
}

function fragmentCases({ rng }: Draw): readonly RadiusCase[] {
  const sizes = [200, 1400, ...Array.from({ length: 3 }, () => 200 + rng.below(1200))]
  return [
    ...sizes.flatMap((size, i) => [
      row(
        `EAP-TLS in fragments, ${ORDINALS[i]} size`,
        'eap-tls',
        eapTls('ada', {}, { fragment_size: size }),
        'accept',
        `RFC 5216 §2.1.5: fragment_size ${size}`,
      ),
      row(
        `PEAP in fragments, ${ORDINALS[i]} size`,
        'base',
        peapTls('ada', {}, { fragment_size: size }),
        'accept',
        `[MS-PEAP] §2.1: fragment_size ${size}`,
      ),
    ]),
    row('Framed-MTU 300', 'fragments-300', peapTls('ada'), 'accept', 'KB883389'),
    row('Framed-MTU 1344', 'fragments-1344', peapTls('ada'), 'accept', 'KB883389'),
  ]
}

const ORDINALS = ['the smallest', 'the largest', 'a first', 'a second', 'a third'] as const

const serverCertificateCases = (): readonly RadiusCase[] => [
  row(
    'a peer that trusts another root',
    'base',
    peapTls('ada', { trusts: 'strangerCa' }),
    'reject',
    'RFC 5216 §2.1.3: an alert of the peer, reason 265',
  ),
  row(
    'a peer that wants another name',
    'eap-tls',
    eapTls('ada', {}, { domain_match: 'other.corp.contoso.com' }),
    'reject',
    'RFC 5216 §2.1.3: an alert of the peer, reason 23',
  ),
  row(
    'a peer that wants the name of NPS',
    'base',
    peapTls('ada', {}, { domain_match: NPS_NAME }),
    'accept',
    'RFC 5216 §5.2',
  ),
  row(
    'an expired certificate of NPS',
    'expired-certificate',
    peapTls('ada'),
    'reject',
    'RFC 5216 §2.1.3: certificate_expired, reason 23',
  ),
  row(
    'a certificate of NPS that is for clients',
    'client-certificate',
    peapTls('ada'),
    'reject',
    'RFC 5280 §4.2.1.12: no Server Authentication, reason 23',
  ),
  row(
    'NPS without a certificate',
    'no-certificate',
    peapTls('ada'),
    'reject',
    'reason 23: no certificate to show',
  ),
]
