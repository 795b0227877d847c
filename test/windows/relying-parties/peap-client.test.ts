/** The client that judges the certificate of NPS inside PEAP. */
import { describe, expect, test } from 'vitest'
import { days } from '../../../src/base/time.ts'
import type { WindowsOutcome } from '../../../src/pki/profile/profile.ts'
import { NO_CRLS } from '../../../src/pki/revocation/revocation.ts'
import { thumbprint } from '../../../src/pki/certificate/thumbprint.ts'
import {
  PEAP_DEFAULTS,
  peapClient,
  type PeapClientSettings,
} from '../../../src/windows/relying-parties/peap-client.ts'
import { codesOf } from '../../pki/contoso.ts'
import { ask, certified, later, type Asked } from './ask.ts'

describe('the client judges NPS inside PEAP', () => {
  const nps = certified({ subject: 'CN=nps1.corp.contoso.com', dns: ['nps1.corp.contoso.com'] })
  const root = thumbprint(nps.anchors[0]!)
  const settings: PeapClientSettings = {
    ...PEAP_DEFAULTS,
    os: 'windows-11',
    serverNames: ['nps1.corp.contoso.com'],
    trustedRoots: [root],
    prompt: 'never',
  }
  const by = (change: Partial<PeapClientSettings>, asked: Partial<Asked> = {}) =>
    ask({ ...nps, crls: NO_CRLS, ...asked, profile: peapClient({ ...settings, ...change }) })

  test('root, name, purpose and dates are good', () => {
    expect(by({}).verdict.valid).toBe(true)
  })

  test.for<
    [
      shown: string,
      reason: number,
      failure: string,
      change: Partial<PeapClientSettings>,
      asked?: Partial<Asked>,
    ]
  >([
    ['864', 265, 'pki/untrusted-root', {}, { anchors: [] }],
    ['864', 265, 'pki/root-not-accepted', { trustedRoots: ['00'] }],
    ['864', 265, 'pki/root-not-accepted', { trustedRoots: [] }],
    ['812', 23, 'pki/name-mismatch', { serverNames: ['nps2.corp.contoso.com'] }],
    [
      '857',
      23,
      'pki/wrong-eku',
      {},
      certified({ eku: ['clientAuth'], dns: ['nps1.corp.contoso.com'] }),
    ],
    ['858', 23, 'pki/certificate-expired', {}, { at: later(400) }],
  ])('%s, and NPS logs reason %i, for %s', ([code, reason, failure, change, asked]) => {
    const { verdict, shown } = by(change, asked)
    expect(verdict.failures[0]?.code).toBe(failure)
    expect(shown).toMatchObject({ code, reason: { code: reason }, events: [{ id: 6273 }] })
    expect(shown?.prompt).toBeUndefined()
  })

  test('an empty list of roots means any to Windows 10, and none to Windows 11', () => {
    expect(by({ os: 'windows-10', trustedRoots: [] }).verdict.valid).toBe(true)
    expect(by({ os: 'windows-10', trustedRoots: ['00'] }).verdict.valid).toBe(false)
    expect(by({ os: 'windows-11', trustedRoots: [] }).verdict.valid).toBe(false)
  })

  test('to Windows 11 the thumbprint of the server itself stands for root and name', () => {
    const pinned = { trustedRoots: [thumbprint(nps.leaf)], serverNames: ['another'] }
    const { verdict } = by(pinned, { anchors: [] })
    expect(verdict.valid).toBe(true)
    expect(verdict.tolerated.map(({ code }) => code)).toContain('pki/untrusted-root')
    expect(by(pinned, { at: later(400) }).shown?.code).toBe('858')
    expect(by({ ...pinned, os: 'windows-10' }).verdict.valid).toBe(false)
  })

  test('letter case counts in Windows 11 21H2 alone', () => {
    const serverNames = ['NPS1.corp.contoso.com']
    expect(by({ serverNames, os: 'windows-10' }).verdict.valid).toBe(true)
    expect(by({ serverNames, os: 'windows-11' }).verdict.valid).toBe(true)
    const { verdict, shown } = by({ serverNames, os: 'windows-11-21h2' })
    expect(codesOf(verdict)).toEqual(['pki/name-case-mismatch'])
    expect(shown?.code).toBe('853')
  })

  test('a name with a star is a pattern, and the answer says that it rests on how it is read', () => {
    const pattern = { serverNames: ['nps\\d*\\.corp\\.contoso\\.com'] }
    expect(by(pattern).verdict.valid).toBe(true)
    expect(Object.keys(peapClient({ ...settings, ...pattern }).restsOn ?? {})).toEqual([
      'serverNamePattern',
    ])
  })

  test('who does not validate believes anything', () => {
    const { verdict } = by({ performServerValidation: false }, { anchors: [], at: later(400) })
    expect(verdict.valid).toBe(true)
    expect(verdict.tolerated.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['pki/untrusted-root', 'pki/certificate-expired']),
    )
  })

  test.for<[prompt: PeapClientSettings['prompt'], missing: boolean, name: boolean, root: boolean]>([
    ['never', false, false, false],
    ['if-not-specified', false, true, false],
    ['if-not-verified', false, true, true],
    // A root that is listed and not installed fails without a question.
    ['if-not-verified', true, false, false],
  ])('asks %s, listed root missing: %s', ([prompt, listsMissingRoot, name, root]) => {
    const mode = { prompt, listsMissingRoot }
    const asked = (outcome: WindowsOutcome | undefined) => outcome?.prompt !== undefined
    expect(asked(by({ ...mode, serverNames: ['nps2'] }).shown)).toBe(name)
    expect(asked(by(mode, { anchors: [] }).shown)).toBe(root)
    expect(asked(by(mode, { at: later(400) }).shown)).toBe(false)
  })

  test('a root that has expired has a code of its own', () => {
    const old = certified(
      { subject: 'CN=nps1.corp.contoso.com', dns: ['nps1.corp.contoso.com'], validFor: days(4000) },
      { root: { validFor: days(40) }, issuing: { validFor: days(4000) } },
    )
    const trustedRoots = [thumbprint(old.anchors[0]!)]
    expect(by({ trustedRoots }, { ...old, at: later(100) }).shown?.code).toBe('865')
  })
})
