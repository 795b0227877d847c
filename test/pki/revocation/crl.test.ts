import { describe, expect, test } from 'vitest'
import { fromHex } from '../../../src/base/bytes.ts'
import { after, days, instant } from '../../../src/base/time.ts'
import { readCrl, writeCrl, type CrlContents } from '../../../src/pki/revocation/crl.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'
import { formatDerFault, TAG } from '../../../src/pki/encoding/der.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'
import { signSha256Rsa } from '../../../src/pki/keys/signature.ts'
import { codesOf, crlOf, freshCrls, held, judge, pkiOf, START } from '../contoso.ts'

const pki = pkiOf()
const gateway = held(pki)
const issuing = pki.authority('issuing')!

describe('a CRL that decides nothing', () => {
  const good = crlOf(pki, 'issuing', START)
  const contents: CrlContents = {
    issuer: issuing.certificate.subject.der,
    thisUpdate: START,
    nextUpdate: after(START, days(1)),
    entries: [],
    number: 1,
    authorityKeyId: issuing.certificate.subjectKeyId!,
  }
  const judgeWith = (der: Uint8Array) => {
    const crl = readCrl(der)
    if (!crl.ok) throw new Error(crl.error.rule)
    return judge(pki, {
      crls: (wanted) =>
        wanted.issuer.key === good.issuer.key
          ? { kind: 'known', crls: [crl.value] }
          : freshCrls(pki, START)(wanted),
    })
  }
  const sign = (key: 'root' | 'issuing') => (tbs: Uint8Array) =>
    signSha256Rsa(tbs, pki.authority(key)!.privateKey)

  test('the control: one that does', () => {
    expect(judgeWith(writeCrl(contents, sign('issuing'))).valid).toBe(true)
  })

  test.for([
    ['signed by somebody else', writeCrl(contents, sign('root')), /does not verify/],
    ['of another issuer', pki.crl('root', START)!, /another issuer/],
  ] as const)('%s', ([, der, message]) => {
    const { failures } = judgeWith(der)
    expect(failures).toMatchObject([{ code: 'pki/crl-invalid', subject: 'CN=vpn.contoso.com' }])
    expect(failures[0]!.message).toMatch(message)
  })

  test('leap days and large numbers read back', () => {
    const crl = readCrl(
      writeCrl(
        {
          ...contents,
          number: 70_000,
          thisUpdate: instant('2052-02-29T00:00:00Z'),
          nextUpdate: instant('2052-03-01T00:00:00Z'),
        },
        sign('issuing'),
      ),
    )
    expect(crl).toMatchObject({
      ok: true,
      value: { number: '011170', thisUpdate: instant('2052-02-29T00:00:00Z') },
    })
  })
})

describe('lists that our CA does not write', () => {
  const algorithm = write.sequence(write.oid(OID.sha256WithRSAEncryption), write.nullElement())
  const issuer = issuing.certificate.subject.der
  const extension = (oid: string, value: Uint8Array, ...critical: Uint8Array[]) =>
    write.sequence(write.oid(oid), ...critical, write.octetString(value))
  const listed = (...extensions: Uint8Array[]) =>
    write.sequence(
      write.element(TAG.integer, fromHex(gateway.certificate.serial)),
      write.time(START),
      ...(extensions.length === 0 ? [] : [write.sequence(...extensions)]),
    )
  const list = (...parts: Uint8Array[]) => {
    const tbs = write.sequence(...parts)
    const signature = signSha256Rsa(tbs, issuing.privateKey)
    return readCrl(write.sequence(tbs, algorithm, write.bitString(signature)))
  }
  const read = (...parts: Uint8Array[]) => {
    const crl = list(...parts)
    if (!crl.ok) throw new Error(formatDerFault(crl.error))
    return crl.value
  }
  const judgeWith = (crl: ReturnType<typeof read>) =>
    codesOf(
      judge(pki, {
        crls: (wanted) =>
          wanted.issuer.key === crl.issuer.key
            ? { kind: 'known', crls: [crl] }
            : freshCrls(pki, START)(wanted),
      }),
    )

  test('version 1, without an end', () => {
    const crl = read(algorithm, issuer, write.time(START), write.sequence(listed()))
    expect(crl).not.toHaveProperty('nextUpdate')
    expect([...crl.entries.keys()]).toEqual([gateway.certificate.serial])
    expect(judgeWith(crl)).toEqual(['pki/revoked'])
  })

  test('an unknown critical extension, of the list or of an entry, means that it decides nothing (RFC 5280 §5.2, §5.3)', () => {
    const critical = extension('2.5.29.99', write.sequence(), write.boolean(true))
    const head = [write.integer(1), algorithm, issuer, write.time(START)]
    const ofList = read(...head, write.explicit(0, write.sequence(critical)))
    expect(ofList.unknownCritical).toEqual(['2.5.29.99'])
    expect(judgeWith(ofList)).toEqual(['pki/crl-invalid'])
    const ofEntry = read(...head, write.sequence(listed(critical)))
    expect(judgeWith(ofEntry)).toEqual(['pki/crl-invalid'])
  })

  test.for([
    ['version 3', [write.integer(2), algorithm, issuer, write.time(START)], /version 2/],
    [
      'an empty list of entries',
      [algorithm, issuer, write.time(START), write.sequence()],
      /at least one/,
    ],
    [
      'reason 7',
      [
        write.integer(1),
        algorithm,
        issuer,
        write.time(START),
        write.sequence(listed(extension(OID.reasonCode, fromHex('0a0107')))),
      ],
      /7 is not one of/,
    ],
    ['no date', [algorithm, issuer], /neither UTCTime/],
  ] as const)('%s is malformed', ([, parts, rule]) => {
    const crl = list(...parts)
    expect(!crl.ok && formatDerFault(crl.error)).toMatch(rule)
  })
})
