/**
 * EAP in the captures of stories: what runs in a TLS tunnel inside RADIUS is there for Wireshark to read, because the file brings its keys.
 * Skips where tshark is missing, unless judges are required.
 */
import { describe, expect, test } from 'vitest'
import { npsEap } from '../../scenarios/stories/nps-eap.ts'
import { play } from '../../src/lab/play.ts'
import { dissect, hasTshark, type DissectedFrame } from './tshark/tshark.ts'

const isJudged = hasTshark() || process.env['SALLYPORT_JUDGES'] === 'required'

/** The RADIUS of a story. Wireshark reads EAP where it sees it first, and takes each further sight of it for a repetition. */
async function radiusOf(title: string): Promise<readonly DissectedFrame[]> {
  const { lab } = await play(npsEap.find((story) => story.title.startsWith(title))!)
  const frames = dissect(lab!.capture(), { radius: 'gateway-and-nps1' })
  return frames.filter((frame) => frame.field('radius.code') !== undefined)
}

const PEAP = '25'
const TLS = '13'

describe.runIf(isJudged)('EAP inside RADIUS, with the keys of the capture', () => {
  test('the tunnel of PEAP is open: the inner identity, and the inner EAP-TLS', async () => {
    const frames = await radiusOf('PEAP with EAP-TLS lets ada in')
    const inner = frames.filter((frame) => frame.field('eap.type') === PEAP)
    const identities = inner.flatMap((frame) => frame.fields('eap.identity'))
    expect(identities).toContain('ada@corp.contoso.com')
    const tls = inner.filter((frame) => frame.fields('eap.type').includes(TLS))
    expect(tls.length).toBeGreaterThan(8)
    // Records of a handshake, which no PEAP has beside its own. Of their messages Wireshark 4.0 makes nothing: see the allow-list.
    const records = tls.flatMap((frame) => frame.fields('tls.record.content_type'))
    expect(records).toContain('22')
  })

  test('TLS 1.3 hides the certificates, and Wireshark reads them all the same', async () => {
    const frames = await radiusOf('EAP-TLS works over TLS 1.3')
    const messages = frames
      .filter((frame) => frame.field('eap.type') === TLS)
      .flatMap((frame) => frame.fields('tls.handshake.type'))
    // EncryptedExtensions, Certificate, CertificateVerify, Finished (RFC 8446 §4).
    expect(messages).toEqual(expect.arrayContaining(['8', '11', '15', '20']))
  })

  test('every answer of NPS is signed with the shared secret, and with no other', async () => {
    const frames = await radiusOf('PEAP with EAP-TLS lets ada in')
    const answers = frames.filter((frame) => frame.field('radius.code') !== '1')
    expect(answers.length).toBeGreaterThan(10)
    for (const answer of answers)
      expect(answer.field('radius.authenticator.valid')).toMatch(/1|True/)
  })
})
