/**
 * Is the gateway's certificate good to those who dial it, here and now? Revocation lists travel over the simulated network,
 * so "can be fetched from where I am" is part of every answer. The profile is `strict` where nothing else is said.
 */
import {
  days,
  hours,
  minutes,
  story,
  withAuthority,
  withCertificate,
  withoutNatRule,
  withoutAuthorityOn,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'

/** Insists on revocation, and is asked as Windows asks. */
const SSTP = { profile: 'sstp-client' } as const

export const certificates = [
  story({
    title: 'The chain of the gateway is good to a laptop at home',
    teaches:
      'Root on the client, intermediate sent along, name, purpose, dates, and a revocation list it can fetch.',
    topology: contoso,
    tags: ['core'],
    run: async ({ laptop, expect }) => {
      const chain = await laptop.judge('gateway:ike')
      expect(chain).toBeTrusted()
      expect(chain.path.map((link) => link.subject)).toEqual([
        'CN=vpn.contoso.com',
        'CN=Contoso Issuing CA 1',
        'CN=Contoso Root CA',
      ])
    },
  }),
  story({
    title: 'A gateway that forgets its intermediate is not believed',
    teaches:
      'Who does not have the issuing authority, and cannot fetch it, cannot build the chain.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _sent = lab.apply(withCertificate('gateway', 'ike', { sendsChain: false }))
      using _aia = lab.apply(withAuthority('issuingCa', { aiaUrls: [] }))
      using _known = lab.apply(withoutAuthorityOn('laptop', 'issuingCa'))
      expect(await laptop.judge('gateway:ike')).toFailBecause('pki/missing-intermediate', {
        subject: 'CN=vpn.contoso.com',
      })
    },
  }),
  story({
    title: 'The dialled name must stand in the certificate',
    teaches:
      'The tutorial requests vpn and its script dials aov-vpn: followed to the letter, that is error 13801.',
    topology: contoso,
    run: async ({ laptop, expect }) => {
      expect(await laptop.judge('gateway:ike', { name: 'aov-vpn.contoso.com' })).toFailBecause(
        'pki/name-mismatch',
        { subject: 'CN=vpn.contoso.com' },
      )
    },
  }),
  story({
    title: 'A certificate for clients does not make a server',
    teaches:
      'Without Server Authentication among its purposes the certificate is refused (0x80070040 in the log).',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(withCertificate('gateway', 'ike', { eku: ['clientAuth'] }))
      expect(await laptop.judge('gateway:ike')).toFailBecause('pki/wrong-eku', {
        subject: 'CN=vpn.contoso.com',
      })
    },
  }),
  story({
    title: 'Two years on, the certificate has expired',
    teaches:
      'It was enrolled by hand and nobody renews it: the calendar of a deployment is part of the deployment.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      await lab.advance(days(699))
      expect(await laptop.judge('gateway:ike', { profile: 'ike-client' })).toBeTrusted()
      await lab.advance(days(2))
      expect(await laptop.judge('gateway:ike', { profile: 'ike-client' })).toFailBecause(
        'pki/certificate-expired',
        { subject: 'CN=vpn.contoso.com' },
      )
    },
  }),
  story({
    title: 'A revocation list that cannot be fetched fails those who insist on it',
    teaches:
      'Close the way to the revocation list and a strict relying party refuses; IKEv2 on Windows does not ask.',
    topology: contoso,
    tags: ['core'],
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(withoutNatRule('edgeFirewall', 'publish-crl'))
      expect(await laptop.judge('gateway:ike')).toFailBecause('pki/crl-unreachable')
      expect(await laptop.judge('gateway:ike', { profile: 'ike-client' })).toBeTrusted()
    },
  }),
  story({
    title: 'The offline root forgets to publish, and half a year later its list has expired',
    teaches:
      'The list of an offline root has no schedule but a person; one day it is past its nextUpdate.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      await lab.advance(days(179))
      expect(await laptop.judge('gateway:ike')).toBeTrusted()
      await lab.advance(days(2))
      expect(await laptop.judge('gateway:ike')).toFailBecause('pki/crl-expired', {
        subject: 'CN=Contoso Issuing CA 1',
      })
    },
  }),
  story({
    title: 'A revoked certificate is good until the next list says otherwise',
    teaches:
      'Revocation takes effect when the list that names the certificate is published, and the cached one has run out.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(
        withCertificate('gateway', 'ike', { revoked: { at: days(1), reason: 'keyCompromise' } }),
      )
      expect(await laptop.judge('gateway:ike')).toBeTrusted()
      await lab.advance(days(2))
      expect(await laptop.judge('gateway:ike')).toBeTrusted()
      await lab.advance(days(7))
      expect(await laptop.judge('gateway:ike')).toFailBecause('pki/revoked', {
        subject: 'CN=vpn.contoso.com',
      })
    },
  }),
  story({
    title: 'A root that the client does not have makes every chain end in the void',
    teaches: 'Domain members get the root by Group Policy; everybody else needs it by hand (F03).',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(withoutAuthorityOn('laptop', 'rootCa'))
      expect(await laptop.judge('gateway:ike')).toFailBecause('pki/untrusted-root', {
        subject: 'CN=Contoso Issuing CA 1',
      })
    },
  }),
  story({
    title: 'A responder is asked before the list, and the list where the responder is silent',
    teaches:
      'With OCSP in the certificate nobody fetches the list, until the responder fails: then both must be reachable.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      const ocsp = { urls: ['http://pki.contoso.com/ocsp'] }
      using _ = lab.apply(withAuthority('issuingCa', { ocsp }))
      const asked = await laptop.judge('gateway:ike', SSTP)
      expect(asked).toBeTrusted()
      expect(asked.fetches).toEqual([
        { url: 'http://pki.contoso.com/ocsp', outcome: '200' },
        { url: 'http://pki.corp.contoso.com/root.crl', outcome: 'unresolved: NXDOMAIN' },
        { url: 'http://pki.contoso.com/root.crl', outcome: '200' },
      ])
      laptop.flushCaches()
      using _silent = lab.apply(
        withAuthority('issuingCa', { ocsp: { ...ocsp, fails: 'tryLater' } }),
      )
      const fallen = await laptop.judge('gateway:ike', SSTP)
      expect(fallen).toBeTrusted()
      expect(fallen.fetches.map(({ url, outcome }) => `${url}  ${outcome}`)).toContain(
        'http://pki.contoso.com/issuing.crl  200',
      )
      laptop.flushCaches()
      using _closed = lab.apply(withoutNatRule('edgeFirewall', 'publish-crl'))
      expect(await laptop.judge('gateway:ike', SSTP)).toFailBecause('pki/crl-unreachable', {
        windows: '0x80092013',
      })
    },
  }),
  story({
    title: 'A responder knows of a revocation when the list does, and no sooner',
    teaches:
      'The Online Responder answers from the published list: OCSP makes nothing faster until the list is.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(
        withAuthority('issuingCa', {
          ocsp: { urls: ['http://pki.contoso.com/ocsp'] },
          crl: { thisUpdate: hours(-2), every: days(1), delta: { every: hours(4) } },
        }),
      )
      using _revoked = lab.apply(
        withCertificate('gateway', 'ike', { revoked: { at: hours(1), reason: 'keyCompromise' } }),
      )
      await lab.advance(minutes(90))
      expect(await laptop.judge('gateway:ike', SSTP)).toBeTrusted()
      // The delta of 10:00 has it, four hours after the list.
      await lab.advance(minutes(45))
      laptop.flushCaches()
      expect(await laptop.judge('gateway:ike', SSTP)).toFailBecause('pki/revoked', {
        subject: 'CN=vpn.contoso.com',
        windows: '0x80092010',
      })
    },
  }),
]
