import { describe, expect, test } from 'vitest'
import { after, days } from '../../../src/base/time.ts'
import { subjectOf, type Certificate } from '../../../src/pki/certificate/certificate.ts'
import { issuePki } from '../../../src/pki/issuing/issue.ts'
import { PATH_LENGTH_MAX, PATHS_MAX } from '../../../src/pki/path/path.ts'
import type { AuthoritySpec } from '../../../src/topology/pki.ts'
import { codesOf, forge, GATEWAY, held, ISSUING, judge, pkiOf, ROOT, START } from '../contoso.ts'

const pki = pkiOf()
const issuing = pki.authority('issuing')!

describe('finding the path', () => {
  // The issuing CA was renewed with a new key under the old name.
  const renewed = pkiOf({ authorities: { renewed: { ...ISSUING, validFor: days(3650) } } })
  const old = renewed.authority('issuing')!.certificate
  const young = renewed.authority('renewed')!.certificate

  test('key identifiers tell two keys of one name apart, in whatever order they come', () => {
    for (const sent of [
      [old, young],
      [young, old],
    ]) {
      const verdict = judge(renewed, { sent })
      expect(verdict.valid).toBe(true)
      expect(verdict.path[1]).toBe(old)
    }
  })

  test('another key of the right name is no issuer', () => {
    expect(codesOf(judge(renewed, { sent: [young] }))).toEqual(['pki/missing-intermediate'])
  })

  test('an expired way up is left for one that holds', () => {
    // Two certificates for one key: the first has expired (as with the root that signed Let's Encrypt until 2021).
    const expired = pkiOf({ issuing: { validFor: days(20) } }).authority('issuing')!.certificate
    const verdict = judge(pki, { sent: [expired, issuing.certificate] })
    expect(verdict.valid).toBe(true)
    expect(codesOf(verdict.rejected[0]!)).toEqual(['pki/certificate-expired'])
  })

  test('of two rejected ways the one that reached an anchor is told first', () => {
    const stranger = forge(issuing.certificate)
    const verdict = judge(pki, {
      sent: [stranger, issuing.certificate],
      at: after(START, days(365)),
    })
    expect(codesOf(verdict)).toEqual(['pki/certificate-expired'])
    expect(verdict.rejected.map(({ anchored }) => anchored)).toEqual([true, false])
  })

  test('authorities that certify each other end the search', () => {
    // The same two names and keys, once with the root above and once with the issuing CA above.
    const upsideDown = pkiOf({
      root: { issuer: 'issuing' },
      issuing: { issuer: 'top' },
      authorities: { top: { ...ROOT, subject: 'CN=Top' } },
    })
    const crossed = upsideDown.authority('root')!.certificate
    const verdict = judge(pki, { sent: [issuing.certificate, crossed], anchors: [] })
    expect(verdict.failures).toMatchObject([
      { code: 'pki/untrusted-root', subject: subjectOf(crossed) },
    ])
    expect(verdict.failures[0]!.message).toMatch(/lead back to itself/)
  })

  /** Eight layers of two authorities each; each is certified by both of the layer above: 2⁸ ways up. */
  function maze(): { leaf: Certificate; sent: Certificate[] } {
    const variant = (parity: number) => {
      const layers = Array.from({ length: 16 }, (_, i): [string, AuthoritySpec] => {
        const layer = i >> 1
        const issuer = layer === 7 ? {} : { issuer: `n${2 * layer + 2 + ((i + parity) % 2)}` }
        return [`n${i}`, { subject: `CN=Layer ${layer}`, validFor: days(99), ...issuer }]
      })
      const certificate = { ...GATEWAY, issuer: 'n0' }
      const holders = [{ node: 'gateway', certificate }]
      const issued = issuePki({ authorities: Object.fromEntries(layers), holders, start: START })
      if (!issued.ok) throw new Error(JSON.stringify(issued.error))
      return issued.value
    }
    const sent = [variant(0), variant(1)].flatMap((one) =>
      Array.from({ length: 16 }, (_, i) => one.authority(`n${i}`)!.certificate),
    )
    return { leaf: held(variant(0)).certificate, sent }
  }

  test('a maze costs a bounded number of signature checks, and the answer says that it was given up', () => {
    const verdict = judge(pki, { ...maze(), anchors: [] })
    expect(verdict.valid).toBe(false)
    expect(verdict.rejected).toHaveLength(PATHS_MAX + 1)
    expect(verdict.rejected.flatMap(codesOf)).toContain('pki/path-search-limit')
  })

  test('a ladder longer than the limit is given up', () => {
    const rungs = Array.from({ length: PATH_LENGTH_MAX }, (_, i): [string, AuthoritySpec] => [
      `n${i}`,
      { subject: `CN=Rung ${i}`, validFor: days(99), ...(i > 0 && { issuer: `n${i - 1}` }) },
    ])
    const tall = pkiOf({
      authorities: Object.fromEntries(rungs),
      certificates: [{ ...GATEWAY, issuer: `n${PATH_LENGTH_MAX - 1}` }],
    })
    const anchors = [tall.authority('n0')!.certificate]
    expect(codesOf(judge(tall, { anchors }))).toEqual(['pki/path-search-limit'])
  })
})
