/** Schedules of CRLs and OCSP responders that cannot be built. */
import { describe, expect, test } from 'vitest'
import { days } from '../../src/base/time.ts'
import { complaints } from './complaints.ts'

describe('what cannot be published is said in one sentence', () => {
  test.for<[path: string, value: unknown, told: string]>([
    [
      'authorities.issuing.crl.validFor',
      days(8),
      'authorities.issuing.crl.overlap: is what `validFor` leaves beyond `every`: write one of the two',
    ],
    [
      'authorities.issuing.crl.overlap',
      days(8),
      'authorities.issuing.crl.overlap: must be within 0 and `every`',
    ],
    [
      'authorities.issuing.crl.every',
      undefined,
      'authorities.issuing.crl.overlap: is how long a CRL outlives the next one: it needs `every`',
    ],
    [
      'authorities.issuing.crl.delta.every',
      days(0),
      'authorities.issuing.crl.delta.every: must be longer than 0',
    ],
    [
      'authorities.issuing.crl.delta.overlap',
      days(2),
      'authorities.issuing.crl.delta.overlap: must be within 0 and `every`',
    ],
    [
      'authorities.issuing.crl.delta.urls',
      ['x+.crl'],
      "authorities.issuing.crl.delta.urls[0]: 'x+.crl' is not a URL such as http://pki.contoso.com/root.crl",
    ],
    [
      'authorities.issuing.ocsp.urls',
      ['ocsp'],
      "authorities.issuing.ocsp.urls[0]: 'ocsp' is not a URL such as http://pki.contoso.com/root.crl",
    ],
    [
      'authorities.issuing.ocsp.publishedOn',
      'nosuch',
      "authorities.issuing.ocsp.publishedOn: there is no node 'nosuch' (there is pc, edge, router, cabinet)",
    ],
    [
      'authorities.issuing.ocsp.signerValidFor',
      days(0),
      'authorities.issuing.ocsp.signerValidFor: must be longer than 0',
    ],
    [
      'nodes.pc.certificates.0.revoked.releasedAt',
      days(-2),
      'nodes.pc.certificates.ike.revoked.releasedAt: must be later than `at`',
    ],
    [
      'nodes.pc.certificates.0.revoked.reason',
      'superseded',
      'nodes.pc.certificates.ike.revoked.releasedAt: only a certificateHold is released',
    ],
  ])('%s = %j', ([path, value, told]) => {
    expect(complaints(path, value)).toContain(told)
  })
})
