/** Each revocation switch of Windows on its own, on and off, judged by a host that fetches. */
import { describe, expect, test } from 'vitest'
import { after, days, hours } from '../../src/base/time.ts'
import * as write from '../../src/pki/encoding/der-writer.ts'
import * as extend from '../../src/pki/certificate/extension-writer.ts'
import { writeTbsCertificate } from '../../src/pki/certificate/forge.ts'
import type { Pki } from '../../src/pki/issuing/issue.ts'
import type { RelyingPartyProfile } from '../../src/pki/profile/profile.ts'
import { OID } from '../../src/pki/encoding/oids.ts'
import { signSha256Rsa } from '../../src/pki/keys/signature.ts'
import type { NpsRevocationSpec } from '../../src/topology/revocation.ts'
import {
  effectiveSwitches,
  gatewayRevocation,
  ikeClientRevocation,
  npsRevocation,
  sstpClientRevocation,
  SWITCH_DEFAULTS,
  type RevocationBehaviour,
} from '../../src/windows/revocation-switches.ts'
import { PROFILES } from '../../src/windows/relying-parties.ts'
import { Laptop, response, TIMED_OUT } from '../node/laptop.ts'
import { codesOf, GATEWAY, pkiOf, reread, rootOf, START } from '../pki/contoso.ts'

const ROOT_CRL = 'http://pki.contoso.com/root.crl'
const ISSUING_CRL = 'http://pki.contoso.com/issuing.crl'
const OWN_CRL = 'http://pki.contoso.com/own.crl'

/** What can be wrong with the revocation of a chain. */
const SITUATIONS = {
  good: () => new Laptop(pkiOf()),
  revoked: () => {
    const revoked = { at: hours(-2), reason: 'keyCompromise' as const }
    return new Laptop(pkiOf({ certificates: [{ ...GATEWAY, revoked }] }))
  },
  offline: () => {
    const laptop = new Laptop(pkiOf())
    laptop.blocked.set(ISSUING_CRL, TIMED_OUT)
    return laptop
  },
  stale: () => new Laptop(pkiOf({ issuing: { crl: { thisUpdate: days(-9) } } })),
  'no CDP': () => new Laptop(pkiOf({ issuing: { crlUrls: [] } })),
} as const
type Situation = keyof typeof SITUATIONS

function verdict({ profile }: RevocationBehaviour, situation: Situation): string {
  const judgement = SITUATIONS[situation]().judge({
    profile: { ...PROFILES['sstp-client'], ...profile },
  })
  const noted = judgement.tolerated.map(({ code }) => `${code} noted`)
  return [...codesOf(judgement), ...noted].join(', ') || 'accepted'
}

const verdicts = (behaviour: RevocationBehaviour) =>
  Object.fromEntries(
    (Object.keys(SITUATIONS) as Situation[]).map((situation) => [
      situation,
      verdict(behaviour, situation),
    ]),
  )

const STRICTLY = {
  good: 'accepted',
  revoked: 'pki/revoked',
  offline: 'pki/crl-unreachable',
  stale: 'pki/crl-expired',
  'no CDP': 'pki/no-crl-distribution-point',
}
const NOT_AT_ALL = {
  good: 'accepted',
  revoked: 'accepted',
  offline: 'accepted',
  stale: 'accepted',
  'no CDP': 'accepted',
}
const NO_CDP_PASSES = { ...STRICTLY, 'no CDP': 'pki/no-crl-distribution-point noted' }
const OFFLINE_PASSES = {
  ...STRICTLY,
  offline: 'pki/crl-unreachable noted',
  stale: 'pki/crl-expired noted',
}
const SOFTLY = { ...OFFLINE_PASSES, 'no CDP': 'pki/no-crl-distribution-point noted' }

describe('where an authority publishes deltas', () => {
  const DELTA = 'http://pki.contoso.com/issuing+.crl'
  const crl = { every: days(7), delta: { every: days(1) } }
  const judgeBy = (profile: Partial<RelyingPartyProfile>, spoil: (laptop: Laptop) => void) => {
    const laptop = new Laptop(pkiOf({ issuing: { crl } }))
    spoil(laptop)
    return laptop.judge({ profile: { ...PROFILES.strict, ...profile } })
  }
  const { profile } = sstpClientRevocation()
  // IIS refuses the plus sign of a delta's name until it is told to allow double escaping.
  const refused = (laptop: Laptop) =>
    laptop.blocked.set(DELTA, response(DELTA, 404, new Uint8Array()))
  const old = (laptop: Laptop) =>
    laptop.blocked.set(DELTA, response(DELTA, 200, laptop.pki.deltaCrl('issuing', START)!))

  test('Windows wants it beside the complete list', () => {
    expect(judgeBy(profile, () => {}).valid).toBe(true)
    const [failure] = judgeBy(profile, refused).failures
    expect(failure).toMatchObject({ code: 'pki/crl-unreachable', subject: 'CN=vpn.contoso.com' })
    expect(failure!.got).toContain(`${DELTA}: 404`)
  })

  test('and a current one', () => {
    const late = (laptop: Laptop) => {
      old(laptop)
      laptop.wallClock = after(START, days(2))
    }
    expect(codesOf(judgeBy(profile, late))).toEqual(['pki/crl-expired'])
    expect(judgeBy({}, late).valid).toBe(true)
  })

  test('another list in its place is none', () => {
    const wrong = (laptop: Laptop) =>
      laptop.blocked.set(DELTA, response(DELTA, 200, laptop.pki.crl('issuing', START)!))
    expect(codesOf(judgeBy(profile, wrong))).toEqual(['pki/crl-invalid'])
  })

  test('a kept delta that a newer complete list has overtaken lacks nothing', () => {
    const overtaken = (laptop: Laptop) => {
      const body = laptop.pki.deltaCrl('issuing', after(START, days(6)))!
      laptop.blocked.set(DELTA, response(DELTA, 200, body))
      laptop.wallClock = after(START, days(7))
    }
    expect(judgeBy(profile, overtaken).valid).toBe(true)
  })

  test('by RFC 5280 the complete list counts alone', () => {
    expect(judgeBy({}, refused).valid).toBe(true)
  })
})

describe('NPS', () => {
  test.for<[NpsRevocationSpec, Record<Situation, string>]>([
    [{}, STRICTLY],
    [{ ignoreNoRevocationCheck: true }, NO_CDP_PASSES],
    [{ ignoreNoRevocationCheck: false }, STRICTLY],
    [{ ignoreRevocationOffline: true }, OFFLINE_PASSES],
    [{ ignoreNoRevocationCheck: true, ignoreRevocationOffline: true }, SOFTLY],
    [{ noRevocationCheck: true }, NOT_AT_ALL],
    [{ noRootRevocationCheck: true }, STRICTLY],
  ])('%o', ([switches, expected]) => {
    expect(verdicts(npsRevocation(switches))).toEqual(expected)
  })

  test('by another reading, IgnoreNoRevocationCheck lets pass what is offline, too', () => {
    const defaults = { ...SWITCH_DEFAULTS, ignoreNoRevocationCheckCoversOffline: true }
    const behaviour = npsRevocation({ ignoreNoRevocationCheck: true }, defaults)
    expect(verdicts(behaviour)).toEqual(SOFTLY)
    expect(behaviour.restsOn).toEqual(['ignoreNoRevocationCheckCoversOffline'])
    expect(npsRevocation({ ignoreRevocationOffline: true }).restsOn).toEqual([])
  })

  describe('and the root', () => {
    /** The root's own certificate again, with a place where a CRL says whether it is revoked. */
    function rootWithCdp(pki: Pki) {
      const { certificate, privateKey } = pki.authority('root')!
      const tbs = writeTbsCertificate({
        serial: Uint8Array.of(0x42),
        issuer: certificate.subject.der,
        subject: certificate.subject.der,
        notBefore: certificate.notBefore,
        notAfter: certificate.notAfter,
        spki: certificate.spki,
        extensions: [
          extend.basicConstraints(),
          extend.keyUsage('keyCertSign', 'cRLSign'),
          extend.crlDistributionPoints([OWN_CRL]),
        ],
      })
      const algorithm = write.sequence(write.oid(OID.sha256WithRSAEncryption), write.nullElement())
      const signature = write.bitString(signSha256Rsa(tbs, privateKey))
      return reread(write.sequence(tbs, algorithm, signature))
    }
    const judgeUnder = (switches: NpsRevocationSpec, names: boolean) => {
      const laptop = new Laptop(pkiOf())
      laptop.blocked.set(OWN_CRL, TIMED_OUT)
      const root = names ? rootWithCdp(laptop.pki) : rootOf(laptop.pki)
      const { profile } = npsRevocation(switches)
      const judgement = laptop.judge({
        anchors: [root],
        profile: { ...PROFILES['sstp-client'], ...profile },
      })
      return { codes: codesOf(judgement), subject: judgement.failures[0]?.subject, laptop }
    }

    test('is looked at where it names a CRL', () => {
      const { codes, subject } = judgeUnder({}, true)
      expect({ codes, subject }).toEqual({
        codes: ['pki/crl-unreachable'],
        subject: 'CN=Contoso Root CA, O=Contoso',
      })
    })

    test('is left out where it names none', () => {
      const { codes, laptop } = judgeUnder({}, false)
      expect(codes).toEqual([])
      expect(laptop.asked).toEqual([ISSUING_CRL, ROOT_CRL])
    })

    test('is left out under NoRootRevocationCheck', () => {
      const { codes, laptop } = judgeUnder({ noRootRevocationCheck: true }, true)
      expect(codes).toEqual([])
      expect(laptop.asked).not.toContain(OWN_CRL)
    })
  })
})

describe('the gateway judging a device', () => {
  test.for<[number | undefined, Record<Situation, string>]>([
    [undefined, NOT_AT_ALL],
    [0, NOT_AT_ALL],
    [2, NOT_AT_ALL],
    [4, STRICTLY],
    [6, STRICTLY],
  ])('CertAuthFlags %s', ([flags, expected]) => {
    expect(
      verdicts(gatewayRevocation(flags === undefined ? {} : { certAuthFlags: flags })),
    ).toEqual(expected)
  })
})

describe('a client judging the gateway in IKEv2', () => {
  test.for([
    [undefined, NOT_AT_ALL],
    ['None', NOT_AT_ALL],
    ['AttemptCrlCheck', SOFTLY],
    ['RequireCrlCheck', STRICTLY],
  ] as const)('CertValidationLevel %s', ([level, expected]) => {
    const behaviour = ikeClientRevocation(level === undefined ? {} : { certValidationLevel: level })
    expect(verdicts(behaviour)).toEqual(expected)
  })

  test('that the setting holds for RAS is an assumption, and said so where it matters', () => {
    const level = { certValidationLevel: 'RequireCrlCheck' } as const
    expect(ikeClientRevocation().restsOn).toEqual([])
    expect(ikeClientRevocation(level).restsOn).toEqual(['certValidationLevelHoldsForRas'])
    const defaults = { ...SWITCH_DEFAULTS, certValidationLevelHoldsForRas: false }
    expect(verdicts(ikeClientRevocation(level, defaults))).toEqual(NOT_AT_ALL)
  })
})

describe('a client judging the gateway in SSTP', () => {
  test.for([
    [undefined, STRICTLY],
    [false, STRICTLY],
    [true, NOT_AT_ALL],
  ] as const)('NoCertRevocationCheck %s', ([off, expected]) => {
    const behaviour = sstpClientRevocation(off === undefined ? {} : { noCertRevocationCheck: off })
    expect(verdicts(behaviour)).toEqual(expected)
  })
})

describe('which switches count', () => {
  const strict = { nps: { eapTls: {} } }
  const loose = { nps: { eapTls: { noRevocationCheck: true } }, certAuthFlags: 4 }

  test('NPS’s are those of the last boot, the others those of now', () => {
    expect(effectiveSwitches(loose, strict)).toEqual({ ...strict, certAuthFlags: 4 })
    expect(effectiveSwitches(loose, loose)).toEqual(loose)
    expect(effectiveSwitches(loose, {})).toEqual({ certAuthFlags: 4 })
  })
})
